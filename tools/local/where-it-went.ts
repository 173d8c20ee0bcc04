import { bodyText } from '../../src/callback/body-text'
import type { Notice } from '../../src/callback/notice'
import { readCallback } from '../../src/callback/read-callback'
import { UnreadableCallback } from '../../src/callback/unreadable-callback'
import { owedFor } from '../../src/routing/owed'
import type { HttpEvent } from './event-kind'
import type { LogRecord } from './log-line'
import type { Places } from './local-environment'

/** Where a callback ended up, told from what it was owed, what was answered, and which deliveries the log says have failed. */
export function whereItWent(
  event: HttpEvent,
  status: number | null,
  outcome: string,
  records: readonly LogRecord[],
  places: Places,
): string {
  switch (outcome) {
    case 'duplicate':
      return 'nowhere: done before'
    case 'ignored':
      return 'nowhere: not over yet'
    case 'test':
      return 'nowhere: the console tries the URL'
    case 'queued':
    case 'alerted':
    case 'parked':
      return deliveries(event, records, places)
    default:
      return status === 400
        ? `kept in ${places.store}, told to ${places.alerts.join(' ')} once`
        : 'nowhere: refused'
  }
}

function deliveries(event: HttpEvent, records: readonly LogRecord[], places: Places): string {
  if (records.some(({ rest }) => typeof rest === 'number'))
    return `the body waits in ${places.store}, for what is left of it`
  const waiting = records.filter(({ msg }) => msg.startsWith('a delivery failed')).map(destinationOf)
  const arrived = (place: string): boolean => !waiting.includes(place.split(':', 1)[0] ?? '')
  const routes = noticesOf(event).map(owedFor)
  const severity = routes.map((route) => route?.alert).find((alert) => alert != null)
  const alerts = severity === undefined ? [] : places.alerts.filter(arrived)
  return [
    ...(routes.some((route) => route?.message) ? [places.queue].filter(arrived) : []),
    ...(alerts.length > 0 ? [`${alerts.join(' ')} (${String(severity)})`] : []),
    ...(waiting.length > 0 ? [`${waiting.join(', ')} waits in ${places.store}`] : []),
  ].join(' + ')
}

/** The scheme: an alert channel is logged with a digest of its URL behind it. */
function destinationOf({ to }: LogRecord): string {
  return String(to).replace(/-[0-9a-f]{12}$/, '')
}

function noticesOf(event: HttpEvent): readonly Notice[] {
  try {
    const read = readCallback(bodyText(event.body ?? '', event.isBase64Encoded ?? null))
    return read === 'test' ? [] : read
  } catch (error) {
    if (error instanceof UnreadableCallback) return []
    throw error
  }
}
