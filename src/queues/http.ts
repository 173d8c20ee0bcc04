import { endpointAt } from '../delivery/driver'
import { each } from '../delivery/each'
import { postEvent, webhookOf } from '../delivery/standard-webhooks'
import type { QueueDriver } from './queue'

/** HTTP: `https://host/path#secret=whsec_…`, a POST of each event. See ../delivery/standard-webhooks. */
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
