import { type Delivery, resolveDelivery } from './delivery'
import { timed } from './ledger'
import type { NamedChannel, RelayParts } from './parts'

/** Open incidents are forgotten after a month: nobody waits for their resolve any more. */
const KEPT_MS = 30 * 24 * 3_600_000

const noteName = (incident: string): string => `incident/${incident}`

/** Channels at which an incident stands open, and those whose opening alert still waits in the outbox. */
interface OpenIncident {
  readonly opened: readonly string[]
  readonly parked: readonly string[]
}

/** Remembers at which channels that know incidents this one is open. Best effort: without a note, nothing is resolved later. */
export async function openIncident(
  { store, log }: RelayParts,
  incident: string | null,
  fates: readonly (readonly [NamedChannel, string])[],
): Promise<void> {
  const able = fates.filter(([{ channel }]) => channel.resolve !== undefined)
  if (store === null || incident === null || able.length === 0) return
  const idsWith = (wanted: string): string[] =>
    able.flatMap(([{ id }, fate]) => (fate === wanted ? [id] : []))
  const open: OpenIncident = { opened: idsWith('delivered'), parked: idsWith('parked') }
  try {
    await timed(() => store.setNote(noteName(incident), JSON.stringify(open), KEPT_MS))
  } catch {
    log('warn', 'an open incident could not be noted: it will not be resolved by itself', { incident })
  }
}

/** The resolves that a success owes; `parkAtOnce` where the alert itself has yet to go out. */
export async function resolvesOf(
  { store, channels, log }: RelayParts,
  incident: string,
  cause: string,
): Promise<readonly { readonly delivery: Delivery; readonly parkAtOnce: boolean }[]> {
  if (store === null || channels.every(({ channel }) => channel.resolve === undefined)) return []
  try {
    const note = await timed(() => store.note(noteName(incident)))
    if (note === null) return []
    await timed(() => store.setNote(noteName(incident), null, null))
    const { opened, parked } = JSON.parse(note) as OpenIncident
    const owed = (ids: readonly string[], parkAtOnce: boolean) =>
      ids.map((id) => ({ delivery: resolveDelivery(id, incident, cause), parkAtOnce }))
    return [...owed(opened, false), ...owed(parked, true)]
  } catch {
    log('warn', 'open incidents could not be looked up: one may stay open', { incident })
    return []
  }
}
