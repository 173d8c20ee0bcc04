import type { Deadline } from '../net/deadline'
import type { NamedChannel } from '../services'
import type { LineCount } from '../stores/store'

/**
 * Drains every destination: a fallback channel after the other channels, for of what they take now it need not be told; but not later than
 * `patience`, for one that hangs must not keep it silent.
 */
export async function fallbacksLast(
  waiting: ReadonlyMap<string, readonly LineCount[]>,
  channels: readonly NamedChannel[],
  patience: Deadline,
  drain: (destination: string, lines: readonly LineCount[]) => Promise<void>,
): Promise<void> {
  const known = new Map(channels.map(({ id, channel }) => [id, channel]))
  const all: Promise<void>[] = []
  const told: Promise<void>[] = []
  const late: (readonly [string, readonly LineCount[]])[] = []
  for (const [destination, lines] of waiting) {
    const channel = known.get(destination)
    if (channel?.isFallback === true) {
      late.push([destination, lines])
      continue
    }
    const drained = drain(destination, lines)
    all.push(drained)
    if (channel !== undefined) told.push(drained)
  }
  if (late.length > 0 && told.length > 0)
    await patience.hold(Promise.all(told), () => new Error('it hangs')).catch(() => undefined)
  await Promise.all([...all, ...late.map(async ([destination, lines]) => drain(destination, lines))])
}
