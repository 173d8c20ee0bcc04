import { postEvent, webhookOf } from '../delivery/standard-webhooks'
import { type Alert, plainText } from './alert'
import { endpointAt } from '../delivery/driver'
import type { AlertDriver } from './alert-channel'

/**
 * HTTP: `https://host/path#secret=whsec_…`, a POST of the alert's event, just as the HTTP queue sends it (see ../delivery/standard-webhooks).
 * An alert without an event is sent as a CloudEvent of type `com.tencentcloud.ci.relay.alert` whose data is `{severity, title, text}`.
 */
const open: AlertDriver['open'] = (url) => {
  const webhook = webhookOf(url)
  return {
    scheme: webhook.scheme,
    secrets: webhook.peer.secrets,
    endpoints: [endpointAt(webhook.url)],
    needs: [],
    limit: null,
    send: (alert, deadline) => postEvent(webhook, alert.event ?? alertEvent(alert), deadline),
  }
}

function alertEvent(alert: Alert) {
  const { id, severity, title } = alert
  return {
    specversion: '1.0',
    id,
    source: '/cos-callback-relay',
    type: 'com.tencentcloud.ci.relay.alert',
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    data: { severity, title, text: plainText(alert) },
  }
}

export const driver: AlertDriver = {
  schemes: ['https', 'http'],
  form: 'https://host/path#secret=whsec_…',
  open,
}
