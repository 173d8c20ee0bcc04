/**
 * The process in which the built function runs, as it does in the cloud: apart from the gateway, with a standard output of its own.
 * Started by handler-process.ts with the bundle's path as its argument; speaks the messages of that file.
 */
import { createRequire } from 'node:module'
import type { Context } from '@tencentcloud/serverless-nodejs-types'
import { type HostMessage, type HostReply, OUTPUT_MARK } from './host-messages'

const MEMORY_MB = 128

type AnyHandler = (event: unknown, context: Context) => Promise<unknown>

const bundle = createRequire(__filename)(String(process.argv[2])) as Readonly<Record<string, unknown>>
const running = new Set<Promise<void>>()

// Ctrl-C reaches every process of the terminal; this one goes when the gateway says so, or is gone.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('disconnect', () => process.exit(0))

process.on('message', (message: HostMessage) => {
  if (message.kind === 'close') {
    void close()
    return
  }
  const run = answer(message).finally(() => running.delete(run))
  running.add(run)
})

reply({ kind: 'ready', handlers: Object.keys(bundle).filter((name) => typeof bundle[name] === 'function') })

async function answer({
  id,
  handler,
  event,
  requestId,
  timeLimitMs,
}: Extract<HostMessage, { kind: 'call' }>): Promise<void> {
  try {
    const run = bundle[handler]
    if (typeof run !== 'function') throw new Error(`the function has no ${handler}`)
    const value = await (run as AnyHandler)(event, contextOf(handler, requestId, timeLimitMs))
    mark(id)
    reply({ kind: 'answer', id, value })
  } catch (error) {
    mark(id)
    reply({
      kind: 'error',
      id,
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
  }
}

/** Everything that the call has printed is before this mark: output and answers travel on ways of their own. */
function mark(id: number): void {
  process.stdout.write(`${OUTPUT_MARK}${id}\n`)
}

function reply(message: HostReply): void {
  process.send?.(message)
}

function contextOf(handler: string, requestId: string, timeLimitMs: number): Context {
  const end = performance.now() + timeLimitMs
  return {
    request_id: requestId,
    function_name: `cos-callback-relay-local-${handler}`,
    function_version: '$LATEST',
    namespace: 'default',
    memory_limit_in_mb: MEMORY_MB,
    time_limit_in_ms: timeLimitMs,
    tencentcloud_region: '',
    tencentcloud_appid: '',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, Math.round(end - performance.now())),
  }
}

async function close(): Promise<void> {
  await Promise.allSettled(running)
  const closeApp = bundle['close']
  if (typeof closeApp === 'function') await (closeApp as () => Promise<void>)()
  process.exit(0)
}
