import type { Alert } from '../alerts/alert'
import { Deadline } from '../net/deadline'
import { isNode } from '../callback/fields'
import { bareAlert } from '../alerts/alert-text'
import { wordsOf } from '../alerts/alert-words'
import { DEADLINES } from '../deadlines'
import { fingerprint } from '../outbox/delivery'
import type { Services } from '../services'
import { recordIn } from '../relay/record-in'
import type { Words } from '../alerts/words/words'
import { BODIES, CI, QUEUE } from '../stores/line'
import type { LineCount, Store } from '../stores/store'
import { OUTAGES_NOTE } from './outages-note'
import type { Manners } from './drain-run'
import { tellOfEnd } from './tell-of-end'
import { tellTeam } from './tell-team'

/** A destination that has taken nothing for so long is down: shorter ones pass by themselves. */
const DOWN_MS = 10 * 60_000
/** So often the team is told of it while it goes on. */
const EVERY_MS = 6 * 3_600_000

/** So many of what waits for a destination tell since when it fails, and how. */
const LOOKED_AT = 50

const KEPT_MS = 30 * 24 * 3_600_000

interface Outage {
  /** Since when its deliveries fail, ms since the epoch. */
  readonly since: number
  /** Something has been delivered there since it last failed. */
  readonly hasTaken: boolean
}

/** What the outbox holds for one destination, less what waits for reasons of its own: refused, throttled, or for a person. */
interface Owed {
  readonly waiting: number
  readonly dead: number
  /** Of what was tried, and waits, the first one's arrival; null: nothing failed. */
  readonly since: number | null
  readonly lastError: string | null
}

const NOTHING: Owed = { waiting: 0, dead: 0, since: null, lastError: null }

/**
 * Tells the team that a destination has been down for ten minutes, every six hours while it is, through the channels that work; and, once all that waited has
 * been delivered, that it works again. Where a channel knows incidents, an outage is one. `manners`: of this run.
 */
export async function tellOfOutages(
  services: Services,
  store: Store,
  lines: readonly LineCount[],
  { took, failed }: Manners,
): Promise<void> {
  const now = Date.now()
  const owed = await owedBy(store, lines, now)
  const text = await store.note(OUTAGES_NOTE)
  const before = outagesIn(text)
  const after = new Map(before)
  for (const destination of new Set([...owed.keys(), ...before.keys()])) {
    const here = owed.get(destination) ?? NOTHING
    const outage = before.get(destination)
    const hasTaken = took.has(destination) || (outage?.hasTaken === true && !failed.has(destination))
    if (outage !== undefined && here.waiting === 0 && hasTaken) {
      await tellOfRecovery(services, store, destination, outage, here, now)
      after.delete(destination)
      // CI may have been asked, and have had no more to say yet: only a failure shows that it is down.
    } else if (isDown(here, now) && !took.has(destination) && (destination !== CI || failed.has(CI))) {
      const since = outage?.since ?? here.since
      after.set(destination, { since, hasTaken })
      await tell(services, store, destination, { ...here, since }, now)
    } else if (outage !== undefined) after.set(destination, { ...outage, hasTaken })
  }
  const next = after.size === 0 ? null : JSON.stringify(Object.fromEntries(after))
  // Of two sweeps at once, what the other has noted stands.
  if (next !== text) await store.swapNote(OUTAGES_NOTE, text, next, next === null ? null : KEPT_MS)
}

function isDown(owed: Owed, now: number): owed is Owed & { readonly since: number } {
  return owed.since !== null && now - owed.since >= DOWN_MS
}

async function owedBy(
  store: Store,
  lines: readonly LineCount[],
  now: number,
): Promise<ReadonlyMap<string, Owed>> {
  const all = new Map<string, Owed>()
  for (const { line, items } of lines) {
    const { kind, destination } = line
    // What keeps the relay from settling a body is that another destination is down, which is told of by its name.
    if (destination === BODIES) continue
    const owed = all.get(destination) ?? NOTHING
    if (kind === 'dead') all.set(destination, { ...owed, dead: owed.dead + items })
    if (kind !== 'waiting') continue
    // The oldest of all are among those that come first, or those at the head of their groups.
    const { headers } = await store.page(line, null, LOOKED_AT)
    const tried = headers.filter(({ tries }) => tries > 0)
    const begun = tried.map(({ since, parkedAt }) => Math.min(now, since ?? parkedAt))
    all.set(destination, {
      ...owed,
      waiting: items,
      since: begun.length === 0 ? null : Math.min(...begun),
      lastError: tried.findLast(({ lastError }) => lastError !== null)?.lastError ?? null,
    })
  }
  return all
}

async function tell(
  services: Services,
  store: Store,
  destination: string,
  owed: Owed & { readonly since: number },
  now: number,
): Promise<void> {
  const { since, waiting, dead, lastError } = owed
  if ((await store.admit(`outage/${destination}/${since}`, 1, EVERY_MS)) > 0) return
  services.log('error', 'a destination is down', {
    destination,
    since: new Date(since).toISOString(),
    waiting,
    dead,
    error: lastError,
  })
  const words = await wordsOf(services.language)
  const { outage } = words
  const alert: Alert = {
    ...bareAlert(words),
    incident: incidentOf(destination),
    id: `outage:${fingerprint(destination, String(since), String(now))}`,
    severity: 'error',
    title: outage.title(nameOf(services, destination, words), words.duration(now - since)),
    facts: [
      { label: outage.since, value: new Date(since).toISOString() },
      { label: outage.waiting, value: String(waiting) },
      ...(dead > 0 ? [{ label: outage.dead, value: String(dead) }] : []),
      { label: words.problem, value: lastError ?? '' },
      { label: words.whatToDo, value: outage.advice(services.giveUpAfterMs / 3_600_000) },
    ],
  }
  const channels = othersThan(destination, services)
  await tellTeam({ ...services, channels }, alert, itemIdFor(destination))
}

async function tellOfRecovery(
  services: Services,
  store: Store,
  destination: string,
  { since }: Outage,
  { dead }: Owed,
  now: number,
): Promise<void> {
  // Of two sweeps at once, by one.
  if ((await store.admit(`recovery/${destination}/${since}`, 1, EVERY_MS)) > 0) return
  services.log('info', 'a destination works again', {
    destination,
    since: new Date(since).toISOString(),
    dead,
  })
  const words = await wordsOf(services.language)
  const { outage } = words
  const alert: Alert = {
    ...bareAlert(words),
    id: `recovery:${fingerprint(destination, String(since))}`,
    severity: 'info',
    title: outage.over(nameOf(services, destination, words)),
    facts: [
      { label: outage.lasted, value: words.duration(now - since) },
      ...(dead > 0
        ? [
            { label: outage.dead, value: String(dead) },
            { label: words.whatToDo, value: words.deadAdvice },
          ]
        : []),
    ],
  }
  const telling = {
    deadline: Deadline.in(DEADLINES.patient),
    arrivedAt: now,
    itemId: itemIdFor(destination),
  }
  const channels = othersThan(destination, services)
  await tellOfEnd({ ...services, channels }, alert, incidentOf(destination), telling)
}

export const OUTAGE_PREFIX = 'outage-alert-'

/** What is told later takes the place of what has not been told yet: of two channels that are down each is owed one about the other, not one every six hours. */
function itemIdFor(destination: string): (channel: string) => string {
  return (channel) => `${OUTAGE_PREFIX}${channel}-${fingerprint(destination)}`
}

function incidentOf(destination: string): string {
  return `outage/${destination}`
}

/** A channel that is down need not be told so. */
function othersThan(destination: string, { channels }: Services): Services['channels'] {
  return channels.filter(({ id }) => id !== destination)
}

function nameOf({ queue }: Services, destination: string, { outage }: Words): string {
  if (destination === CI) return outage.ci
  return destination === QUEUE ? outage.queue(queue?.scheme ?? '') : outage.channel(destination)
}

/** What of the note has its form. */
function outagesIn(text: string | null): ReadonlyMap<string, Outage> {
  return new Map(
    Object.entries(recordIn(text)).flatMap(([destination, outage]) =>
      isNode(outage) && typeof outage['since'] === 'number'
        ? [[destination, { since: outage['since'], hasTaken: outage['hasTaken'] === true }] as const]
        : [],
    ),
  )
}
