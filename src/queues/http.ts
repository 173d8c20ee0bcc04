import { postEvent, webhookOf } from '../delivery/standard-webhooks'
import type { OpenQueue } from './queue'

/** HTTP: `https://host/path#secret=whsec_…`, a POST of each event. See ../delivery/standard-webhooks. */
export const openHttpQueue: OpenQueue = (text) => {
  const webhook = webhookOf(text)
  return {
    scheme: webhook.scheme,
    publish: (event, signal) => postEvent(webhook, event, signal),
    close: () => Promise.resolve(),
  }
}
