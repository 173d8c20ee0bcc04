import type { BinaryToTextEncoding } from 'node:crypto'

/**
 * The SHA-256 of a text (as UTF-8) or of bytes. `node:crypto` is loaded by its first use, not with the file: it takes a seventh of a cold start, and a
 * success that goes straight through needs none of it.
 */
export function sha256(what: string | Uint8Array, encoding: BinaryToTextEncoding): string {
  return process.getBuiltinModule('node:crypto').hash('sha256', what, encoding)
}

/** The HMAC-SHA256 of a text, in base64: how webhooks and robots are signed. */
export function hmacSha256(key: string | Uint8Array, text: string): string {
  return process.getBuiltinModule('node:crypto').createHmac('sha256', key).update(text).digest('base64')
}
