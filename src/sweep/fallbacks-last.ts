import type { Deadline } from '../delivery/deadline'
import type { NamedChannel } from '../relay/parts'
import type { Group } from './due'

/**
 * Drains every destination: a fallback channel after the other channels, for of what they take now it need not be told; but not later than
 * `patience`, for one that hangs must not keep it silent.
 */
export async function fallbacksLast(
  due: ReadonlyMap<string, Group[]>,
  channels: readonly NamedChannel[],
  patience: Deadline,
  drain: (destination: string, groups: Group[]) => Promise<void>,
): Promise<void> {
  const known = new Map(channels.map(({ id, channel }) => [id, channel]))
  const all: Promise<void>[] = []
  const told: Promise<void>[] = []
  const late: (readonly [string, Group[]])[] = []
  for (const [destination, groups] of due) {
    const channel = known.get(destination)
    if (channel?.isFallback === true) {
      late.push([destination, groups])
      continue
    }
    const drained = drain(destination, groups)
    all.push(drained)
    if (channel !== undefined) told.push(drained)
  }
  if (late.length > 0 && told.length > 0)
    await patience.hold(Promise.all(told), () => new Error('it hangs')).catch(() => undefined)
  await Promise.all([...all, ...late.map(async ([destination, groups]) => drain(destination, groups))])
}
