import { isUtf8 } from 'node:buffer'
import { UnreadableCallback } from './unreadable-callback'

/**
 * Whether a body is base64. Function URLs document no `isBase64Encoded` (null), so a body without the flag that begins like base64 of
 * XML or JSON is taken as such.
 */
export function isBase64(raw: string, flag: boolean | null): boolean {
  return flag ?? looksLikeBase64(raw)
}

/** The text of a body that came as a string, or as base64 of UTF-8 bytes. Throws UnreadableCallback: bad base64, bad UTF-8. */
export function bodyText(raw: string, flag: boolean | null): string {
  if (isBase64(raw, flag)) return fromUtf8(fromBase64(raw))
  if (!raw.isWellFormed())
    throw new UnreadableCallback('bad-utf8', 'The body is not valid text: it holds half of a surrogate pair.')
  return raw
}

/** Base64 of a text that begins with `<`, `{`, a byte order mark, or white space before one of them; in one line or in several. */
function looksLikeBase64(raw: string): boolean {
  if (!/^(?:P[A-P]|e[w-z0-9+/]|77u\/|I[A-P]|C[Q-Za-v]|D[Q-Za-f])/.test(raw)) return false
  const end = raw.search(/[^A-Za-z0-9+/\r\n]/)
  return end === -1 || /^={1,2}\s*$|^\s*$/.test(raw.slice(end))
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

/** Throws UnreadableCallback: bad UTF-8. */
export function fromUtf8(bytes: Buffer): string {
  if (!isUtf8(bytes))
    throw new UnreadableCallback(
      'bad-utf8',
      `The body is not valid UTF-8: fault at byte ${validPrefix(bytes) + 1}.`,
    )
  return bytes.toString('utf8')
}

/** How many bytes, from the first, are whole valid characters. */
function validPrefix(bytes: Buffer): number {
  // A character has at most four bytes: within three of any sound end, one is the end of a whole character.
  const wholeBefore = (end: number): number | undefined =>
    [end, end - 1, end - 2, end - 3].find((at) => at >= 0 && isUtf8(bytes.subarray(0, at)))
  let sound = 0
  let most = bytes.length
  while (sound < most) {
    const middle = Math.ceil((sound + most) / 2)
    if (wholeBefore(middle) === undefined) most = middle - 1
    else sound = middle
  }
  return wholeBefore(sound) ?? 0
}
