import { type CloudEvent, toCloudEvent, withRaw } from '../callback/cloud-event'
import { endOf, keyOf, type Notice } from '../callback/notice'
import { alertFor, incidentOf } from './alert-text'
import { wordsOf } from './alert-words'
import { deliverOrPark, type Fate } from './deliver-or-park'
import { DEADLINES } from './deadlines'
import { messageDelivery } from './delivery'
import { claim } from './ledger'
import type { Outcome } from './outcome'
import type { RelayParts } from './parts'
import { withReasons } from './reasons'
import { type Route, routeOf } from './route'
import type { Run } from './run'
import { tellChannels } from './tell-channels'

/** Takes one notice through route, claim, deliver and settle: the one way in, for a callback, the sweep and reconciliation. Never throws. */
export async function settleNotice(parts: RelayParts, notice: Notice, run: Run): Promise<Outcome> {
  const end = endOf(notice)
  const route = targetsOf(parts, routeOf(notice), end)
  if (route === null) return { outcome: 'ignored', ...end }

  const ticket = await run.stopwatch.time('claim', () => claim(parts, keyOf(notice), run))
  if (ticket.kind === 'done') return { outcome: 'duplicate', ...end }
  if (ticket.kind === 'held') return { outcome: 'held', retryAfterMs: ticket.retryAfterMs, ...end }

  const delivered = await run.stopwatch.time('deliver', () => deliver(parts, notice, route, run))
  const outcome = outcomeOf(delivered)
  await run.stopwatch.time('settle', outcome === 'undelivered' ? ticket.release : ticket.settle)
  return { outcome, ...end }
}

/** A route less what there is no target for; null when nothing is left. */
function targetsOf(
  parts: RelayParts,
  route: Route | null,
  what: { id: string; state: string },
): Route | null {
  if (route === null) return null
  const message = route.message && parts.queue !== null
  const alert = parts.channels.length > 0 ? route.alert : null
  if (route.message && !message) parts.log('debug', 'QUEUE_URL is not set: the success goes nowhere', what)
  if (route.alert !== null && alert === null) parts.log('warn', 'ALERT_URLS is not set: nobody is told', what)
  return message || alert !== null ? { message, alert } : null
}

/** The message and the alert, each as a whole; absent when not owed. */
interface Fates {
  readonly message?: Fate
  readonly alert?: Fate
}

function outcomeOf({ message, alert }: Fates): 'queued' | 'alerted' | 'parked' | 'undelivered' {
  const fates = [message, alert]
  if (fates.includes('lost')) return 'undelivered'
  if (fates.includes('parked')) return 'parked'
  return message === undefined ? 'alerted' : 'queued'
}

async function deliver(parts: RelayParts, notice: Notice, route: Route, run: Run): Promise<Fates> {
  const event = toCloudEvent(notice)
  const [message, alert] = await Promise.all([
    route.message ? sendMessage(parts, messageOf(parts, notice, event), run) : undefined,
    route.alert === null ? undefined : sendAlerts(parts, notice, event, route.alert, run),
    notice.verdict === 'succeeded' ? endIncident(parts, notice, run) : undefined,
  ])
  return { ...(message && { message }), ...(alert && { alert }) }
}

function messageOf({ messageRaw, queue }: RelayParts, { raw }: Notice, event: CloudEvent): CloudEvent {
  return messageRaw ? withRaw(event, raw, queue?.largest ?? Infinity) : event
}

function sendMessage(parts: RelayParts, event: CloudEvent, run: Run): Promise<Fate> {
  return deliverOrPark(parts, messageDelivery(event), run)
}

/** An alert counts as delivered when one channel has taken it; each one that refused is parked on its own. */
async function sendAlerts(
  parts: RelayParts,
  notice: Notice,
  event: CloudEvent,
  severity: NonNullable<Route['alert']>,
  run: Run,
): Promise<Fate> {
  const explained = await withReasons(parts, notice, run.deadline)
  const wasAsked = parts.readBack !== null
  const alert = alertFor(
    explained,
    { ...event, data: explained.data },
    severity,
    await wordsOf(parts.language),
    wasAsked,
  )
  const fates = await tellChannels(parts, alert, { ...run, patienceMs: DEADLINES.attempt })
  if (hasIncidents(parts)) await (await import('./incident')).openIncident(parts, alert, fates, notice, run)
  return bestOf(fates.map(([, fate]) => fate))
}

async function endIncident(parts: RelayParts, notice: Notice, run: Run): Promise<void> {
  if (!hasIncidents(parts)) return
  const incidents = await import('./incident')
  await incidents.endIncident(parts, incidentOf(notice), notice, run)
}

/** Whether what is told stays open somewhere until it is resolved; only then is the file loaded that looks after that. */
function hasIncidents({ store, channels }: RelayParts): boolean {
  return store !== null && channels.some(({ channel }) => channel.resolve !== undefined)
}

function bestOf(fates: readonly Fate[]): Fate {
  return (['delivered', 'parked'] as const).find((fate) => fates.includes(fate)) ?? 'lost'
}
