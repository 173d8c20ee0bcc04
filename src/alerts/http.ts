import { isCondition } from '../net/condition-names'
import { postEvent, webhookOf } from '../net/standard-webhooks'
import { type Alert, plainText } from './alert'
import { extensionsOf } from '../callback/cloud-event'
import { type Conditions, conditionsIn, holdingBelow, withoutConditions } from './conditions'
import { endpointAt } from '../net/endpoint'
import type { AlertDriver } from './alert-channel'

/**
 * HTTP: `https://host/path#secret=whsec_…`, a POST of a CloudEvent of type `com.tencentcloud.ci.alert`, sent as the HTTP queue sends its own (see
 * ../net/standard-webhooks). Its data is `{severity, title, text, event}`; `event` is the message of what the alert is about, or null. The
 * conditions stand in the fragment, for the query is the receiver's.
 */
const open: AlertDriver['open'] = (url) => {
  const webhook = webhookOf(withoutConditions(url))
  const { keyword, isFallback } = conditionsAfter(webhook.scheme, url)
  return {
    scheme: webhook.scheme,
    secrets: webhook.peer.secrets,
    endpoints: [endpointAt(webhook.url)],
    needs: [],
    limit: null,
    isFallback,
    send: (alert, deadline) => postEvent(webhook, eventOf(alert, keyword), deadline),
  }
}

function conditionsAfter(scheme: string, url: string): Conditions {
  const [, fragment = ''] = /#(.*)$/s.exec(url) ?? []
  const parts = fragment.split('&').filter(isCondition)
  return conditionsIn(scheme, new URLSearchParams(parts.join('&')), null)
}

/** The alert as an event of its own: a consumer that has had the message of the same end must not take it for a repeat. */
function eventOf(alert: Alert, keyword: string | null) {
  const { id, severity, title, event } = alert
  return {
    specversion: '1.0',
    id: event === null ? id : `${event.id}:alert`,
    source: event?.source ?? '/cos-callback-relay',
    ...(event?.subject !== undefined && { subject: event.subject }),
    type: 'com.tencentcloud.ci.alert',
    time: event?.time ?? new Date().toISOString(),
    datacontenttype: 'application/json',
    ...extensionsOf(event),
    data: { severity, title, text: holdingBelow(title, plainText(alert), keyword), event },
  } as const
}

export const driver: AlertDriver = {
  schemes: ['https', 'http'],
  form: 'https://host/path#secret=whsec_…',
  open,
}
