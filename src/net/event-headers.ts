import { EXTENSIONS, type Extensions } from '../callback/cloud-event'

/** What is longer, in bytes, stands in the body only: brokers and servers bound their headers. */
const LONGEST = 1_024

/** Printable ASCII but `"` and `%`. */
const PLAIN = /^[\x21\x23\x24\x26-\x7e]*$/

/**
 * An event's extension attributes as headers beside its body, percent-encoded (CloudEvents 1.0.2: HTTP binding 3.1.3.2). `prefix`: of the binding,
 * such as `ce-`.
 */
export function extensionHeaders(
  event: Extensions,
  prefix: string,
): readonly (readonly [name: string, value: string])[] {
  return EXTENSIONS.flatMap((name): [string, string][] => {
    const value = event[name]
    if (value === undefined) return []
    const text = PLAIN.test(value) ? value : encoded(value)
    return text.length > LONGEST ? [] : [[prefix + name, text]]
  })
}

function encoded(text: string): string {
  return text.toWellFormed().replace(/[^\x21\x23\x24\x26-\x7e]/gu, encodeURIComponent)
}
