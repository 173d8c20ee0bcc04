/**
 * The process in which the built function runs, as it does in the cloud: apart from the gateway, with a standard output of its own.
 * Started by handler-process.ts; speaks the messages of host-messages.ts.
 */
import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Writable } from 'node:stream'
import type { Context } from '@tencentcloud/serverless-nodejs-types'
import type { HostMessage, HostReply, Marked } from './host-messages'

const MEMORY_MB = 128

type AnyHandler = (event: unknown, context: Context) => Promise<unknown>
type Call = Extract<HostMessage, { kind: 'call' }>
interface Host {
  readonly handle: (call: Call) => Promise<void>
}

let host: Host | null = null
const running = new Set<Promise<void>>()

// Ctrl-C reaches every process of the terminal; this one goes when the gateway says so, or is gone.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('disconnect', () => process.exit(0))

process.on('message', (message: HostMessage) => {
  switch (message.kind) {
    case 'open':
      host = open(message.bundle, message.mark)
      return
    case 'call': {
      const run = (host as Host).handle(message).finally(() => running.delete(run))
      running.add(run)
      return
    }
    case 'close':
      // What is answered is delivered or parked: connections that are still open hold nothing, as in an instance that the cloud ends.
      void Promise.allSettled(running).then(() => process.exit(0))
  }
})

function open(path: string, mark: string): Host {
  const print = (what: Marked): void => writeAll(`${mark}${JSON.stringify(what)}\n`)
  // The log writes to the descriptor itself; what comes by this stream is text for people.
  const stdout = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      print(chunk.toString())
      done()
    },
  })
  Object.defineProperty(process, 'stdout', { value: stdout, configurable: true, enumerable: true })
  const bundle = createRequire(__filename)(path) as Readonly<Record<string, unknown>>
  reply({ kind: 'ready', handlers: Object.keys(bundle).filter((name) => typeof bundle[name] === 'function') })

  return {
    async handle({ id, handler, event, requestId, timeLimitMs }) {
      try {
        const run = bundle[handler]
        if (typeof run !== 'function') throw new Error(`the function has no ${handler}`)
        const value = await (run as AnyHandler)(event, contextOf(handler, requestId, timeLimitMs))
        print(id)
        reply({ kind: 'answer', id, value })
      } catch (error) {
        print(id)
        const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
        reply({ kind: 'error', id, message })
      }
    },
  }
}

/** Synchronous, as the log is, so that their lines never mix. */
function writeAll(line: string): void {
  let rest = Buffer.from(line)
  while (rest.length > 0) rest = rest.subarray(writeSync(1, rest))
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
