import { type CloudEvent, toCloudEvent, withRaw } from '../callback/cloud-event'
import { endOf, keyOf, type Notice } from '../callback/notice'
import { alertFor, incidentOf } from '../alerts/alert-text'
import { wordsOf } from '../alerts/alert-words'
import { deliverOrPark, type DeliveryResult } from '../outbox/deliver-or-park'
import { DEADLINES } from '../deadlines'
import { messageDelivery } from '../outbox/delivery'
import { claim } from './claim'
import type { Outcome } from './outcome'
import type { Services } from '../services'
import { withReasons } from './reasons'
import { type Owed, owedFor } from '../routing/owed'
import type { CallbackContext } from './callback-context'
import { tellChannels } from '../outbox/tell-channels'

/** Takes one notice through route, claim, deliver and settle: the one way in, for a callback, the sweep and reconciliation. Never throws. */
export async function settleNotice(
  services: Services,
  notice: Notice,
  context: CallbackContext,
): Promise<Outcome> {
  const end = endOf(notice)
  const route = targetsOf(services, owedFor(notice), end)
  if (route === null) return { outcome: 'ignored', ...end }

  const claimed = await context.stopwatch.time('claim', () => claim(services, keyOf(notice), context))
  if (claimed.kind === 'done') return { outcome: 'duplicate', ...end }
  if (claimed.kind === 'held') return { outcome: 'held', retryAfterMs: claimed.retryAfterMs, ...end }

  const delivered = await context.stopwatch.time('deliver', () => deliver(services, notice, route, context))
  const outcome = outcomeOf(delivered)
  await context.stopwatch.time('settle', outcome === 'undelivered' ? claimed.release : claimed.settle)
  return { outcome, ...end }
}

/** A route less what there is no target for; null when nothing is left. */
function targetsOf(services: Services, route: Owed | null, what: { id: string; state: string }): Owed | null {
  if (route === null) return null
  const message = route.message && services.queue !== null
  const alert = services.channels.length > 0 ? route.alert : null
  if (route.message && !message) services.log('debug', 'QUEUE_URL is not set: the success goes nowhere', what)
  if (route.alert !== null && alert === null)
    services.log('warn', 'ALERT_URLS is not set: nobody is told', what)
  return message || alert !== null ? { message, alert } : null
}

/** The message and the alert, each as a whole; absent when not owed. */
interface Fates {
  readonly message?: DeliveryResult
  readonly alert?: DeliveryResult
}

function outcomeOf({ message, alert }: Fates): 'queued' | 'alerted' | 'parked' | 'undelivered' {
  const fates = [message, alert]
  if (fates.includes('lost')) return 'undelivered'
  if (fates.includes('parked')) return 'parked'
  return message === undefined ? 'alerted' : 'queued'
}

async function deliver(
  services: Services,
  notice: Notice,
  route: Owed,
  context: CallbackContext,
): Promise<Fates> {
  const event = toCloudEvent(notice)
  const [message, alert] = await Promise.all([
    route.message ? sendMessage(services, messageOf(services, notice, event), context) : undefined,
    route.alert === null ? undefined : sendAlerts(services, notice, event, route.alert, context),
    notice.verdict === 'succeeded' ? endIncident(services, notice, context) : undefined,
  ])
  return { ...(message && { message }), ...(alert && { alert }) }
}

function messageOf({ messageRaw, queue }: Services, { raw }: Notice, event: CloudEvent): CloudEvent {
  return messageRaw ? withRaw(event, raw, queue?.largest ?? Infinity) : event
}

function sendMessage(
  services: Services,
  event: CloudEvent,
  context: CallbackContext,
): Promise<DeliveryResult> {
  return deliverOrPark(services, messageDelivery(event), context)
}

/** An alert counts as delivered when one channel has taken it; each one that refused is parked on its own. */
async function sendAlerts(
  services: Services,
  notice: Notice,
  event: CloudEvent,
  severity: NonNullable<Owed['alert']>,
  context: CallbackContext,
): Promise<DeliveryResult> {
  const explained = await withReasons(services, notice, context.deadline)
  const wasAsked = services.readBack !== null
  const alert = alertFor(
    explained,
    { ...event, data: explained.data },
    severity,
    await wordsOf(services.language),
    wasAsked,
  )
  const fates = await tellChannels(services, alert, { ...context, patienceMs: DEADLINES.attempt })
  if (hasIncidents(services))
    await (await import('./incident')).openIncident(services, alert, fates, notice, context)
  return bestOf(fates.map(([, fate]) => fate))
}

async function endIncident(services: Services, notice: Notice, context: CallbackContext): Promise<void> {
  if (!hasIncidents(services)) return
  const incidents = await import('./incident')
  await incidents.endIncident(services, incidentOf(notice), notice, context)
}

/** Whether what is told stays open somewhere until it is resolved; only then is the file loaded that looks after that. */
function hasIncidents({ store, channels }: Services): boolean {
  return store !== null && channels.some(({ channel }) => channel.resolve !== undefined)
}

function bestOf(fates: readonly DeliveryResult[]): DeliveryResult {
  return (['delivered', 'parked'] as const).find((fate) => fates.includes(fate)) ?? 'lost'
}
