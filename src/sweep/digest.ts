import type { Alert, Severity } from '../alerts/alert'
import type { Failure } from '../relay/attempt'
import { WORDS, type Words } from '../relay/alert-words'
import { DEADLINES } from '../relay/deadlines'
import { alertDelivery, digest, tryDelivery } from '../relay/delivery'
import type { RelayParts } from '../relay/parts'
import type { ParkedItem } from '../stores/store'

interface AlertItem {
  readonly item: ParkedItem
  readonly alert: Alert
}

export interface DigestResult {
  readonly sent: readonly ParkedItem[]
  readonly left: readonly ParkedItem[]
  /** Why those left were left. */
  readonly failure: Failure
}

/**
 * Sends the alerts that one channel throttled as digests: each names as many as fit the channel's limit, so that none is left unnamed, until all are
 * told or the channel must be left alone again.
 */
export async function sendDigests(parts: RelayParts, items: readonly ParkedItem[]): Promise<DigestResult> {
  const words = WORDS[parts.language]
  let left: AlertItem[] = items.flatMap((item) =>
    item.parcel.kind === 'alert' ? [{ item, alert: item.parcel.alert }] : [],
  )
  const sent: ParkedItem[] = []
  let failure: Failure = { message: '', retryAfterMs: null, throttled: false }
  while (left.length > 0) {
    const channelId = channelOf(left)
    const channel = parts.channels.find(({ id }) => id === channelId)?.channel
    const whole = digestOf(left, words)
    const count = left.length === 1 ? 1 : Math.max(1, channel?.shown?.(whole) ?? left.length)
    const batch = left.slice(0, count)
    const alert = batch.length === 1 && batch[0] !== undefined ? batch[0].alert : digestOf(batch, words)
    const refused = await tryDelivery(parts, alertDelivery(channelId, alert), DEADLINES.attempt)
    if (refused !== null) {
      failure = refused
      break
    }
    sent.push(...batch.map(({ item }) => item))
    left = left.slice(count)
  }
  return { sent, left: left.map(({ item }) => item), failure }
}

function channelOf([first]: readonly AlertItem[]): string {
  return first?.item.parcel.kind === 'alert' ? first.item.parcel.channel : ''
}

/** "12 workflows failed in the last 10 minutes", and each of them by name and id. */
function digestOf(batch: readonly AlertItem[], words: Words): Alert {
  const oldest = Math.min(...batch.map(({ item }) => item.parkedAt))
  const minutes = Math.max(1, Math.ceil((Date.now() - oldest) / 60_000))
  const severities = batch.map(({ alert }) => alert.severity)
  return {
    id: `digest/${digest(...batch.map(({ item }) => item.id))}`,
    severity:
      (['error', 'warning', 'info'] as const satisfies Severity[]).find((one) => severities.includes(one)) ??
      'info',
    title: words.digestTitle(batch.length, minutes),
    facts: [],
    itemsHeading: words.digestHeading,
    items: batch.map(({ alert }) => ({ title: alert.title, facts: alert.footer })),
    more: words.moreItems,
    footer: [],
    incident: null,
    event: null,
  }
}
