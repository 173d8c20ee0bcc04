import { driverUrl } from '../net/driver-url'
import { failed } from '../net/peer'
import { redisConnection } from '../net/redis-connection'
import { together } from './each'
import type { QueueDriver } from './queue'

const EXAMPLE = 'redis://user:password@host:6379/0?stream=NAME'

/** Entries kept unless `maxlen` says otherwise. */
const DEFAULT_MAXLEN = 100_000

/**
 * Redis Streams: `redis[s]://[user:pass@]host:port/db?stream=NAME[&maxlen=N]`. Each event is one entry with the fields `id`, `type`
 * and `event`, the last the whole CloudEvent as JSON. `maxlen` bounds the stream, nearly (`MAXLEN ~`); 0 leaves it unbounded.
 */
const open: QueueDriver['open'] = (text) => {
  const url = driverUrl(text, EXAMPLE, ['stream', 'maxlen'])
  const stream = url.searchParams.get('stream') ?? ''
  if (stream === '') throw new Error(`the parameter stream is missing: ${EXAMPLE}`)
  const maxlen = url.searchParams.get('maxlen') ?? String(DEFAULT_MAXLEN)
  if (!/^\d{1,15}$/.test(maxlen)) throw new Error('maxlen must be a whole number: maxlen=100000')
  const bound = Number(maxlen) === 0 ? [] : ['MAXLEN', '~', maxlen]
  const scheme = url.protocol.slice(0, -1)
  const connection = redisConnection(scheme, url)
  return {
    scheme,
    secrets: connection.peer.secrets,
    endpoints: [connection.endpoint],
    needs: [],
    keepsOrder: true,
    publish: (events, deadline) =>
      together(events, (each) =>
        connection.inOrder(deadline, (run) =>
          each(async (event) => {
            const fields = ['id', event.id, 'type', event.type, 'event', JSON.stringify(event)]
            const entry = await run('XADD', stream, ...bound, '*', ...fields)
            if (!/^\d+-\d+$/.test(String(entry)))
              throw failed(connection.peer, 'it answered, but not with the id of an entry')
          }),
        ),
      ),
    close: connection.close,
  }
}

export const driver: QueueDriver = { schemes: ['redis', 'rediss'], form: EXAMPLE, open }
