import type { Alert } from '../alerts/alert'
import { isNode } from '../callback/fields'
import type { Notice } from '../callback/notice'
import { changeNote } from './change-note'
import { deliverOrPark, type DeliveryResult, park, untried } from '../outbox/deliver-or-park'
import { resolveDelivery } from '../outbox/delivery'
import { timed } from '../outbox/timed'
import type { NamedChannel, Services } from '../services'
import { recordIn } from './record-in'
import type { CallbackContext } from './callback-context'

/** Open incidents are forgotten after a month: nobody waits for their resolve any more. */
const KEPT_MS = 30 * 24 * 3_600_000

/** When something ended, in ms since the epoch: by CI's word, where there is one, and by its arrival here. */
interface Moment {
  readonly ended: number | null
  readonly arrived: number
}

export function momentOf(
  { endedAt }: Pick<Notice, 'endedAt'>,
  { arrivedAt }: Pick<CallbackContext, 'arrivedAt'>,
): Moment {
  const ended = Date.parse(endedAt ?? '')
  return { ended: Number.isNaN(ended) ? null : ended, arrived: arrivedAt }
}

/** By the end times, where both are known and differ; else by arrival. */
function isAfter(one: Moment, other: Moment): boolean {
  if (one.ended === null || other.ended === null || one.ended === other.ended)
    return one.arrived > other.arrived
  return one.ended > other.ended
}

const noteName = (incident: string): string => `incident/${incident}`
const successName = (incident: string): string => `succeeded/${incident}`

/** What is known of one incident, by the channels' ids. */
interface IncidentNote {
  /** The last alert about it, so that the note changes with each. */
  readonly alert: string
  readonly opened: readonly string[]
  /** Something about it waits in the outbox: what comes next must wait behind it. */
  readonly parked: readonly string[]
  readonly failedAt: Moment | null
  /** The items of resolves that wait in the outbox. */
  readonly resolving: Readonly<Record<string, string>>
}

/**
 * Remembers at which channels that know incidents this one is open. Best effort: without a note, nothing is resolved later. What has gone well since
 * is closed at once.
 */
export async function openIncident(
  services: Services,
  { id: alert, incident }: Alert,
  fates: readonly (readonly [NamedChannel, DeliveryResult])[],
  notice: Notice,
  context: CallbackContext,
): Promise<void> {
  const { store, log } = services
  const failedAt = momentOf(notice, context)
  let succeededAt: Moment | null = null
  const able = fates.filter(([{ channel }]) => channel.resolve !== undefined)
  if (store === null || incident === null || able.length === 0) return
  const idsWith = (wanted: DeliveryResult): string[] =>
    able.flatMap(([{ id }, fate]) => (fate === wanted ? [id] : []))
  try {
    // One step as far as the callback's time goes.
    succeededAt = await timed(async () => {
      const noting = changeNote(store, noteName(incident), async (text) => {
        const before = noteOf(text)
        // A resolve of earlier trouble that is still on its way must not end the new one.
        if (Object.keys(before.resolving).length > 0) await store.remove(Object.values(before.resolving))
        const note: IncidentNote = {
          alert,
          opened: union(before.opened, idsWith('delivered')),
          parked: union(before.parked, Object.keys(before.resolving), idsWith('parked')),
          resolving: {},
          failedAt: latestOf(before.failedAt, failedAt),
        }
        return [JSON.stringify(note), KEPT_MS]
      })
      const [success, isNoted] = await Promise.all([store.note(successName(incident)), noting])
      if (!isNoted) throw new Error('the note of the incident is changed by others all the time')
      return momentIn(success)
    })
  } catch {
    log('warn', 'an open incident could not be noted: it will not be resolved by itself', { incident })
  }
  if (succeededAt !== null && isAfter(succeededAt, failedAt))
    await closeIncident(services, incident, notice.id, succeededAt, context)
}

/**
 * The same object went through: what stands open about it at PagerDuty and the like can close. `cause` is the id of the execution that
 * went through. The note changes last: a crash before resolves again, which does no harm, rather than never.
 */
export async function endIncident(
  services: Services,
  incident: string | null,
  notice: Notice,
  context: CallbackContext,
): Promise<void> {
  const { store } = services
  if (incident === null || store === null) return
  const succeededAt = momentOf(notice, context)
  // As long as a repeat is known: what failed before may come after.
  const noted = timed(async () => {
    // Where others come first each time, they have noted successes, too.
    await changeNote(store, successName(incident), (text) => {
      const before = momentIn(text)
      // One that comes late must not stand in for a later one.
      return before !== null && isAfter(before, succeededAt)
        ? null
        : [JSON.stringify(succeededAt), services.ledgerKeepMs]
    })
  }).catch(() =>
    services.log('warn', 'a success could not be noted: an earlier failure that comes late may stay open', {
      incident,
    }),
  )
  await Promise.all([noted, closeIncident(services, incident, notice.id, succeededAt, context)])
}

/** Ends what stands open, if it failed before `succeededAt`. */
async function closeIncident(
  services: Services,
  incident: string,
  cause: string,
  succeededAt: Moment,
  context: CallbackContext,
): Promise<void> {
  const { store, channels, log } = services
  if (store === null) return
  try {
    const text = await timed(() => store.note(noteName(incident)))
    const { alert, opened, parked, resolving, failedAt } = noteOf(text)
    const owed = union(opened, parked)
    if (owed.length === 0 || (failedAt !== null && isAfter(failedAt, succeededAt))) return
    const isThere = (id: string): boolean => channels.some((channel) => channel.id === id)
    const gone = owed.filter((id) => !isThere(id))
    if (gone.length > 0)
      log('warn', 'an incident stays open at a channel that is no longer in ALERT_URLS: close it by hand', {
        incident,
        channels: gone,
      })
    const ends = await Promise.all(
      owed.filter(isThere).map(async (id) => {
        const delivery = resolveDelivery(id, incident, cause)
        const fate = parked.includes(id)
          ? await parkBehind(services, untried(delivery, context.arrivedAt))
          : await deliverOrPark(services, delivery, context)
        return { id, item: delivery.id, fate }
      }),
    )
    const isLost = (id: string): boolean => ends.some((end) => end.id === id && end.fate === 'lost')
    const waiting = ends.filter(({ fate }) => fate === 'parked').map(({ id, item }) => [id, item] as const)
    const left = {
      opened: opened.filter(isLost),
      parked: parked.filter(isLost),
      resolving: { ...resolving, ...Object.fromEntries(waiting) },
    }
    const isOver = Object.values(left).every((part) => Object.keys(part).length === 0)
    const note: IncidentNote = { alert, ...left, failedAt }
    // Of a failure that came meanwhile nothing may be forgotten: what it notes stands.
    await timed(() =>
      store.swapNote(noteName(incident), text, isOver ? null : JSON.stringify(note), isOver ? null : KEPT_MS),
    )
  } catch {
    log('warn', 'open incidents could not be looked up: one may stay open', { incident })
  }
}

/** It waits behind the alert that it resolves. */
async function parkBehind({ store }: Services, item: Parameters<typeof park>[1]): Promise<DeliveryResult> {
  const waiting = { ...item, lastError: 'waits behind the alert that it resolves' }
  return (await park(store, waiting)) ? 'parked' : 'lost'
}

function noteOf(text: string | null): IncidentNote {
  return {
    alert: '',
    opened: [],
    parked: [],
    resolving: {},
    failedAt: null,
    ...inForm(text),
  }
}

/** What of a note has its form; a note that cannot be read says nothing. */
function inForm(text: string | null): Partial<IncidentNote> {
  const note = recordIn(text)
  return {
    ...(typeof note['alert'] === 'string' && { alert: note['alert'] }),
    ...(areTexts(note['opened']) && { opened: note['opened'] }),
    ...(areTexts(note['parked']) && { parked: note['parked'] }),
    ...(isMoment(note['failedAt']) && { failedAt: note['failedAt'] }),
    ...(isNode(note['resolving']) &&
      areTexts(Object.values(note['resolving'])) && {
        resolving: note['resolving'] as IncidentNote['resolving'],
      }),
  }
}

function isMoment(value: unknown): value is Moment {
  return (
    isNode(value) &&
    typeof value['arrived'] === 'number' &&
    (value['ended'] === null || typeof value['ended'] === 'number')
  )
}

function momentIn(text: string | null): Moment | null {
  const moment = recordIn(text)
  return isMoment(moment) ? moment : null
}

function latestOf(one: Moment | null, other: Moment): Moment {
  return one !== null && isAfter(one, other) ? one : other
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function union(...lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())]
}
