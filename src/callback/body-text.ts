import { isUtf8 } from 'node:buffer'
import { UnreadableCallback } from './unreadable-callback'

/**
 * The text of a body that came as a string, or as base64 of UTF-8 bytes. Function URLs document no `isBase64Encoded`, so a body
 * without the flag that begins like base64 of XML or JSON is taken as such. Throws UnreadableCallback: bad base64, bad UTF-8.
 */
export function bodyText(raw: string, base64: boolean | null): string {
  if (base64 ?? looksLikeBase64(raw)) return fromUtf8(fromBase64(raw))
  if (!raw.isWellFormed())
    throw new UnreadableCallback('bad-utf8', 'The body is not valid text: it holds half of a surrogate pair.')
  return raw
}

/** Base64 of a text that begins with `<`, `{`, a byte order mark, or white space before one of them. */
function looksLikeBase64(raw: string): boolean {
  return (
    /^(?:P[A-P]|e[w-z0-9+/]|77u\/|I[A-P]|C[Q-v]|D[Q-f])/.test(raw) && /^[A-Za-z0-9+/]+={0,2}\s*$/.test(raw)
  )
}

function fromBase64(raw: string): Buffer {
  const clean = raw.replace(/[\r\n\t ]+/g, '')
  const fault = /[^A-Za-z0-9+/]/.exec(clean.replace(/={1,2}$/, ''))
  if (fault !== null || clean.length % 4 === 1)
    throw new UnreadableCallback(
      'bad-base64',
      fault === null
        ? 'The body is said to be base64 but is cut off.'
        : `The body is said to be base64 but is not: fault at character ${fault.index + 1}.`,
    )
  return Buffer.from(clean, 'base64')
}

function fromUtf8(bytes: Buffer): string {
  if (!isUtf8(bytes))
    throw new UnreadableCallback(
      'bad-utf8',
      `The body is not valid UTF-8: fault at byte ${validPrefix(bytes) + 1}.`,
    )
  return bytes.toString('utf8')
}

/** How many bytes, from the first, are whole valid characters. */
function validPrefix(bytes: Buffer): number {
  let valid = 0
  let size = bytes.length
  // Halving: a prefix is good when it is valid but for at most three bytes of a character cut off at its end.
  while (size > 0) {
    const step = Math.ceil(size / 2)
    const cut = [0, 1, 2, 3]
      .map((back) => valid + step - back)
      .find((end) => end > valid && isUtf8(bytes.subarray(valid, end)))
    if (cut !== undefined) {
      size -= cut - valid
      valid = cut
    } else if (step <= 4) break
    else size = step
  }
  return valid
}
