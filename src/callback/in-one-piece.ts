/** V8 keeps a text that was put together as its parts, 32 bytes and more each, until somebody looks into it. */
export function inOnePiece(text: string): string {
  text.charCodeAt(text.length - 1)
  return text
}
