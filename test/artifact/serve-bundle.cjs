// Serves the built function to its parent over IPC, as the cloud does: nothing catches what nobody else catches. argv: the bundle, how many
// instances of it. Each instance is loaded anew, so that it shares nothing with the others: as far as the stores and queues can see, it is
// an instance of its own.
const { peakRssMb } = require('../../tools/bench/peak-rss.cjs')

const [bundle, count] = process.argv.slice(2)

// The clock that the parent shifts; the monotonic one goes on as it is.
let shiftMs = 0
const RealDate = Date
class ShiftedDate extends RealDate {
  constructor(...args) {
    super(.../** @type {[any]} */ (args.length === 0 ? [RealDate.now() + shiftMs] : args))
  }
  /** @override */
  static now() {
    return RealDate.now() + shiftMs
  }
}
globalThis.Date = /** @type {DateConstructor} */ (/** @type {unknown} */ (ShiftedDate))

const instances = Array.from({ length: Number(count) }, () => {
  for (const path of Object.keys(require.cache)) delete require.cache[path]
  return require(bundle)
})

const contextOf = (remainingMs) => {
  if (remainingMs === null) return {}
  const end = performance.now() + remainingMs
  return {
    request_id: 'request-1',
    getRemainingTimeInMillis: () => Math.max(0, Math.round(end - performance.now())),
  }
}

const usage = () => {
  if (globalThis.gc) globalThis.gc()
  const kinds = process.getActiveResourcesInfo()
  return {
    rssMb: process.memoryUsage.rss() / 2 ** 20,
    peakRssMb: peakRssMb(),
    heapMb: process.memoryUsage().heapUsed / 2 ** 20,
    sockets: kinds.filter((kind) => /^(TCP|TLS)/.test(kind)).length,
    timers: kinds.filter((kind) => kind === 'Timeout').length,
  }
}

/** Answers a call, and marks in both streams what was printed before it: see open-relay.ts. */
const answerTo = (call, message) => {
  process.stdout.write(`\u001e${call}\u001e`)
  process.stderr.write(`\u001e${call}\u001e`)
  process.send({ call, ...message })
}

process.on('message', async ({ call, kind, instance, handler, event, remainingMs, ms, env }) => {
  try {
    if (kind === 'leave') process.disconnect()
    else if (kind === 'shift') answerTo(call, { answer: (shiftMs += ms) })
    else if (kind === 'usage') answerTo(call, { answer: usage() })
    else if (kind === 'env') answerTo(call, { answer: Object.assign(process.env, env) && null })
    else {
      const start = performance.now()
      const answer = await instances[instance][handler](event, contextOf(remainingMs))
      answerTo(call, { answer, ms: performance.now() - start })
    }
  } catch (error) {
    answerTo(call, { error: String(error?.stack ?? error) })
  }
})
process.send({ ready: true })
