import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { isBase64 } from '../callback/body-text'
import { sha256 } from '../sha256'
import type { Deadline } from '../net/deadline'
import type { GatewayRequest } from '../gateway/request'
import { BODIES } from '../stores/line'
import { timed } from '../outbox/timed'
import { messageOf } from '../log'
import type { Services } from '../services'
import type { CallbackContext } from './callback-context'

/** Quick: what a body of jobs has in common it says again and again. */
const LEVEL = 1

/**
 * Parks a body whole, as one item, for what of it could not be settled in a callback's time: the sweep goes on with it, and the ledger knows what
 * it has to pass over. False: it is not parked.
 */
export async function parkRest(
  { store, verify, log }: Pick<Services, 'store' | 'verify' | 'log'>,
  { body, base64 }: GatewayRequest,
  { arrivedAt }: Pick<CallbackContext, 'arrivedAt'>,
  why: string,
  deadline: Deadline,
): Promise<boolean> {
  if (store === null) return false
  const bytes = Buffer.from(body, isBase64(body, base64) ? 'base64' : 'utf8')
  const own = sha256(bytes, 'base64url').slice(0, 22)
  // Where CI has to be asked about it, it waits for that.
  const id = `${verify === 'off' ? BODIES : 'unverified'}-${own}`
  try {
    const zipped = await promisify(gzip)(bytes, { level: LEVEL })
    await timed(
      async () =>
        store.park({
          id,
          group: id,
          status: 'waiting',
          parkedAt: arrivedAt,
          tries: 0,
          dueAt: arrivedAt,
          lastError: why,
          payload: { kind: 'rest', bodyGzip: zipped.toString('base64') },
        }),
      deadline.left,
    )
    return true
  } catch (error) {
    log('error', 'the rest of a body was not parked', { item: id, error: messageOf(error) })
    return false
  }
}
