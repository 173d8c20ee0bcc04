import { bodyText } from '../callback/body-text'
import type { Subject } from '../callback/model'
import { readCallback } from '../callback/read-callback'
import { UnreadableCallback } from '../callback/unreadable-callback'
import { routeOf } from '../relay/route'
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
  const alerts = places.alerts.join(' ')
  switch (outcome) {
    case 'duplicate':
      return 'nowhere: done before'
    case 'ignored':
      return 'nowhere: not over yet'
    case 'queued':
    case 'alerted':
    case 'parked':
      break
    default:
      return status === 400 ? `kept in ${places.store}, told to ${alerts}` : 'nowhere: refused'
  }
  const failed = records.filter(({ msg }) => msg.startsWith('a delivery failed'))
  const hasFailed = (kind: string): boolean => failed.some((record) => record['kind'] === kind)
  const routes = subjectsOf(event).map(routeOf)
  const alert = routes.map((route) => route?.alert).find((severity) => severity != null)
  const parts = [
    routes.some((route) => route?.message) && !hasFailed('message') ? places.queue : null,
    alert !== undefined && !hasFailed('alert') ? `${alerts} (${alert})` : null,
    failed.length > 0
      ? `parked in ${places.store}: ${failed.map((record) => String(record['to'])).join(', ')}`
      : null,
  ]
  return parts.filter((part) => part !== null).join(' + ')
}

function subjectsOf(event: HttpEvent): readonly Subject[] {
  try {
    return readCallback(bodyText(event.body ?? '', event.isBase64Encoded ?? null))
  } catch (error) {
    if (error instanceof UnreadableCallback) return []
    throw error
  }
}
