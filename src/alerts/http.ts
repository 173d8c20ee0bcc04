import { isCondition } from '../delivery/condition-names'
import { asInJson } from '../delivery/blanked'
import { postEvent, webhookOf } from '../delivery/standard-webhooks'
import { type Alert, plainText } from './alert'
import type { CloudEvent } from '../callback/cloud-event'
import { type Conditions, conditionsIn, holdingBelow, withoutConditions } from './conditions'
import { endpointAt } from '../delivery/driver'
import type { AlertDriver } from './alert-channel'

/**
 * HTTP: `https://host/path#secret=whsec_…`, a POST of the alert's event, just as the HTTP queue sends it (see ../delivery/standard-webhooks).
 * An alert without an event is sent as a CloudEvent of type `com.tencentcloud.ci.relay.alert` whose data is `{severity, title, text}`. The
 * conditions stand in the fragment, for the query is the receiver's; a keyword that an event lacks is added as its attribute `keyword`.
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
    send: (alert, deadline) =>
      postEvent(
        webhook,
        alert.event === null ? alertEvent(alert, keyword) : withKeyword(alert.event, keyword),
        deadline,
      ),
  }
}

function conditionsAfter(scheme: string, url: string): Conditions {
  const [, fragment = ''] = /#(.*)$/s.exec(url) ?? []
  const parts = fragment.split('&').filter(isCondition)
  return conditionsIn(scheme, new URLSearchParams(parts.join('&')), null)
}

/** An extension attribute of CloudEvents 1.0.2. */
function withKeyword(event: CloudEvent, keyword: string | null): CloudEvent {
  const isHeld = keyword === null || JSON.stringify(event).includes(asInJson(keyword))
  return isHeld ? event : { ...event, ...{ keyword } }
}

function alertEvent(alert: Alert, keyword: string | null) {
  const { id, severity, title } = alert
  return {
    specversion: '1.0',
    id,
    source: '/cos-callback-relay',
    type: 'com.tencentcloud.ci.relay.alert',
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    data: { severity, title, text: holdingBelow(title, plainText(alert), keyword) },
  }
}

export const driver: AlertDriver = {
  schemes: ['https', 'http'],
  form: 'https://host/path#secret=whsec_…',
  open,
}
