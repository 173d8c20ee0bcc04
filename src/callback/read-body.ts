import type { Notices } from './notices'
import { readCallback, READERS } from './read-callback'

/** Characters. What a shorter body is made into has room as a whole. */
const LONG = 256 * 1024

/**
 * Reads a body as `readCallback` does. Of a long one, whether its jobs can be read is seen only until the time is up: then it throws UnreadableCallback
 * where they are asked for.
 */
export async function readBody(
  body: string,
  keepsRaw: boolean,
  timeIsUp: () => boolean,
): Promise<Notices | 'test'> {
  if (body.length <= LONG) return readCallback(body, keepsRaw)
  const { readLongBody } = await import('./long-body')
  return readLongBody(body, keepsRaw, timeIsUp, READERS)
}
