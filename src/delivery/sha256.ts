import type { BinaryToTextEncoding } from 'node:crypto'

/**
 * The SHA-256 of a text (as UTF-8) or of bytes. `node:crypto` is loaded by its first use, not with the file: it takes a seventh of a cold start, and a
 * success that goes straight through needs none of it.
 */
export function sha256(what: string | Uint8Array, encoding: BinaryToTextEncoding): string {
  return process.getBuiltinModule('node:crypto').hash('sha256', what, encoding)
}
