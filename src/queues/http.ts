import { endpointAt } from '../net/endpoint'
import { each } from './each'
import { postEvent, webhookOf } from '../net/standard-webhooks'
import type { QueueDriver } from './queue'

/** HTTP: `https://host/path#secret=whsec_…`, a POST of each event. See ../net/standard-webhooks. */
const open: QueueDriver['open'] = (text) => {
  const webhook = webhookOf(text)
  return {
    scheme: webhook.scheme,
    secrets: webhook.peer.secrets,
    endpoints: [endpointAt(webhook.url)],
    needs: [],
    publish: (events, deadline) => each(events, (event) => postEvent(webhook, event, deadline)),
  }
}

export const driver: QueueDriver = {
  schemes: ['https', 'http'],
  form: 'https://host/path#secret=whsec_…',
  open,
}
