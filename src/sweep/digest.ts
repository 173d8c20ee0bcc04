import type { Alert, AlertItem } from '../alerts/alert'
import { bareAlert, nameOf } from '../alerts/alert-text'
import { wordsOf } from '../alerts/alert-words'
import type { Words } from '../alerts/words/words'
import { alertDelivery, type Delivery, fingerprint } from '../outbox/delivery'
import type { Services } from '../services'
import type { ParkedItem } from '../stores/store'

export interface NextDigest {
  readonly delivery: Delivery
  /** The items, from the first on, that it names. */
  readonly told: readonly ParkedItem[]
}

interface ParkedAlert {
  readonly item: ParkedItem
  readonly channel: string
  readonly alert: Alert
}

/**
 * The next message to a channel that throttled: it names as many of the alerts that wait for it as the channel has room for, so that none
 * stays unnamed. One by itself goes as it is. Null when none waits.
 */
export async function nextDigest(
  services: Services,
  items: readonly ParkedItem[],
): Promise<NextDigest | null> {
  const waiting = items.flatMap((item): ParkedAlert[] =>
    item.payload.kind === 'alert' ? [{ item, channel: item.payload.channel, alert: item.payload.alert }] : [],
  )
  const [first] = waiting
  if (first === undefined) return null
  const words = await wordsOf(services.language)
  const channel = services.channels.find(({ id }) => id === first.channel)?.channel
  const room = waiting.length === 1 ? 1 : (channel?.shown?.(digestOf(waiting, words)) ?? waiting.length)
  const batch = waiting.slice(0, Math.max(1, room))
  const alert = batch.length === 1 ? first.alert : digestOf(batch, words)
  return { delivery: alertDelivery(first.channel, alert), told: batch.map(({ item }) => item) }
}

/** "12 workflows failed in the last 10 minutes", and each of them by name and id. */
function digestOf(batch: readonly ParkedAlert[], words: Words): Alert {
  const oldest = Math.min(...batch.map(({ item }) => item.parkedAt))
  const minutes = Math.max(1, Math.ceil((Date.now() - oldest) / 60_000))
  const kind = kindOf(batch)
  const severities = batch.map(({ alert }) => alert.severity)
  return {
    ...bareAlert(words),
    id: `digest:${fingerprint(...batch.map(({ item }) => item.id))}`,
    severity: (['error', 'warning'] as const).find((one) => severities.includes(one)) ?? 'info',
    title: words.digestTitle[kind](batch.length, minutes),
    facts: [],
    itemsHeading: words.digestHeading,
    items: batch.map(({ alert }) => itemOf(alert, kind)),
  }
}

type Kind = keyof Words['digestTitle']

const KINDS: Readonly<Record<string, Kind>> = {
  'com.tencentcloud.ci.workflow.failed': 'workflows',
  'com.tencentcloud.ci.job.failed': 'jobs',
}

/** What failed, when all of them are of one kind and failed. */
function kindOf(batch: readonly ParkedAlert[]): Kind {
  const kinds = new Set(
    batch.map(({ alert: { severity, event } }): Kind =>
      severity === 'error' && event !== null ? (KINDS[event.type] ?? 'alerts') : 'alerts',
    ),
  )
  const [kind] = kinds
  return kinds.size > 1 || kind === undefined ? 'alerts' : kind
}

/** The heading has said what happened to each, unless they are of several kinds. */
function itemOf({ title, event, footer }: Alert, kind: Kind): AlertItem {
  return { title: kind === 'alerts' || event === null ? title : nameOf(event.data), facts: footer }
}
