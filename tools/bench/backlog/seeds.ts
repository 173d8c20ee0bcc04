// What the backlog bench takes from src/, bundled before it is loaded: backlogs are filled by the store's own driver, as callbacks fill them, so that
// nothing here depends on how it keeps them.
import { type CloudEvent, toCloudEvent } from '../../../src/callback/cloud-event'
import { keyOf as keyOfNotice, type Notice } from '../../../src/callback/notice'
import { readCallback } from '../../../src/callback/read-callback'
import { messageDelivery } from '../../../src/outbox/delivery'
import { openStore as openByUrl } from '../../../src/stores/open-store'
import type { ParkedItem, Store } from '../../../src/stores/store'
import { execution } from '../body.mjs'
import { objectOf, runIdOf } from './arrivals.cjs'

/** What stands in for COS takes requests signed with these. */
export const CREDENTIALS = {
  secretId: 'AKIDfake',
  secretKey: 'fakeSecretKey',
  sessionToken: 'fake/token+==',
}

export const openStore = async (url: string): Promise<Store> =>
  openByUrl(url, { credentials: () => CREDENTIALS, region: null })

const notice = readCallback(execution(2))[0] as Notice
const EVENT = toCloudEvent(notice)

/** The message that a callback with two tasks makes, as number so and so. */
export function eventOf(number: number, objects: number): CloudEvent {
  const runId = runIdOf(number)
  const object = objectOf(number, objects)
  return {
    ...EVENT,
    id: `${runId}:Success`,
    subject: object,
    data: { ...EVENT.data, runId, object },
  }
}

/** That message as an outage left it: tried once, and due. `parkedAt`: ms since the epoch. */
export function itemOf(number: number, objects: number, parkedAt: number): ParkedItem {
  const { id, group, payload } = messageDelivery(eventOf(number, objects))
  return {
    ...{ id, group, payload, parkedAt },
    status: 'waiting',
    tries: 1,
    dueAt: parkedAt + WAIT_MS,
    waitMs: WAIT_MS,
    lastError: 'amqp: 10.0.1.17:5672: connection refused (ECONNREFUSED)',
  }
}
const WAIT_MS = 5_000

/** The ledger's name for a settled execution. `runId`: 33 characters. */
export const keyOf = (runId: string): string => keyOfNotice({ ...notice, id: runId })
