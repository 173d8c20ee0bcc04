import { sha256 } from '../sha256'

/** An id for what has none: the same for every repeat. */
export function fingerprintOf(parts: readonly string[]): string {
  return sha256(JSON.stringify(parts), 'hex').slice(0, 32)
}
