import type { ItemHeader } from './store'

/** v0.1 gave no longer one. */
export const USUAL_WAIT_MS = 3_600_000

/** No wait ends later than it lasts: such a time was given by a clock that is ahead of ours. */
export function isDue(
  { dueAt, waitMs = USUAL_WAIT_MS }: Pick<ItemHeader, 'dueAt' | 'waitMs'>,
  now: number,
): boolean {
  return dueAt <= now || dueAt > now + waitMs
}
