// Takes what the relay POSTs (QUEUE_URL=https://host/path#secret=whsec_…), and works on each id once.
// To adapt: work(), the settings, and where this stands behind TLS: the relay sends by plain http to loopback only.
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import Redis from 'iovalkey'
import { Webhook } from 'standardwebhooks'

const { WEBHOOK_SECRET = '', REDIS_URL = 'redis://127.0.0.1:6379/0', PORT = '8080' } = process.env
/** What was taken and waits for its work, by id. Redis must keep it: appendonly yes. */
const INBOX = 'consumer:inbox'
/** For so long a repeat is known: longer than the relay's GIVE_UP_AFTER and LEDGER_KEEP. */
const KEPT_S = 30 * 24 * 3600
const LARGEST_BODY = 32 * 1024 * 1024

interface Event {
  readonly id: string
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Yours. It may run again when this process dies in it, so let it do no harm twice. */
async function work(event: Event): Promise<void> {
  await Promise.resolve()
  console.log(JSON.stringify({ worked: event.id, type: event.type }))
}

const webhook = new Webhook(WEBHOOK_SECRET)
// One that is down is told to the relay at once, not waited for.
const redis = new Redis(REDIS_URL, { maxRetriesPerRequest: 1 })
redis.on('error', (error: Error) => console.error(String(error)))

const server = createServer((request, response) => {
  // Anything but a 2xx, and the relay keeps the message and sends it again.
  const refuse = (error: unknown): number => (console.error(String(error)), 503)
  void take(request)
    .catch(refuse)
    .then((status) => response.writeHead(status, { connection: 'close' }).end())
})
server.listen(Number(PORT), '127.0.0.1', () => console.log('ready'))

/** Only keeps it: the relay waits for the answer a few seconds, and the work may take longer. */
async function take(request: IncomingMessage): Promise<number> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > LARGEST_BODY) return 413
  }
  const body = Buffer.concat(chunks).toString()
  if (!isSigned(body, request.headers)) return 401
  const { id } = JSON.parse(body) as Event
  await redis.hsetnx(INBOX, id, body)
  return 204
}

function isSigned(body: string, headers: IncomingHttpHeaders): boolean {
  try {
    webhook.verify(body, headers as Record<string, string>)
    return true
  } catch {
    return false
  }
}

/** One process does this: two would work on the same message. Messages come out in no order. */
async function workOff(): Promise<void> {
  for (const id of await redis.hkeys(INBOX)) {
    const seen = `consumer:seen:${id}`
    const body = (await redis.exists(seen)) === 0 ? await redis.hget(INBOX, id) : null
    if (body !== null) await work(JSON.parse(body) as Event)
    // Seen only now: were it noted before the work, a crash in between would lose the message. Together with the taking out, so that no repeat slips in.
    await redis.multi().set(seen, 1, 'EX', KEPT_S).hdel(INBOX, id).exec()
  }
}

for (;;) {
  await workOff().catch((error: unknown) => console.error(String(error)))
  await new Promise((done) => setTimeout(done, 500))
}
