/** What commands a terminal (control characters, C1 too), ends a line where there is none, or turns the direction of text. */
const HARMFUL = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** A text from outside, fit for a terminal: what could command it, or turn its text round, becomes U+FFFD. Line breaks and tabs stay. */
export function harmless(text: string): string {
  return text.replaceAll(HARMFUL, (character) =>
    character === '\n' || character === '\t' ? character : '\ufffd',
  )
}

/** The same for a text within a line: line breaks and tabs become blanks, so that it cannot pass for a line of its own. */
export function harmlessLine(text: string): string {
  return harmless(text).replaceAll(/[\n\t]/g, ' ')
}

/** JSON that may be printed to a terminal: the same value, with what could command it escaped. */
export function harmlessJson(json: string): string {
  return json.replaceAll(HARMFUL, (character) =>
    character === '\n' || character === '\t'
      ? character
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
