// Serves the built function to its parent over IPC, as the cloud does: nothing catches what nobody else catches. argv: the bundle, how many
// instances of it. Each instance is loaded anew, so that it shares nothing with the others: as far as the stores and queues can see, it is
// an instance of its own.
const { peakRssMb } = require('../../scripts/bench/peak-rss.cjs')

const [bundle, count] = process.argv.slice(2)

// The clock that the parent shifts; the monotonic one goes on as it is.
let shiftMs = 0
const RealDate = Date
globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [RealDate.now() + shiftMs] : args))
  }
  static now() {
    return RealDate.now() + shiftMs
  }
}

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

process.on('message', async ({ call, kind, instance, handler, event, remainingMs, ms, env }) => {
  try {
    if (kind === 'leave') process.disconnect()
    else if (kind === 'shift') process.send({ call, answer: (shiftMs += ms) })
    else if (kind === 'usage') process.send({ call, answer: usage() })
    else if (kind === 'env') process.send({ call, answer: Object.assign(process.env, env) && null })
    else {
      const start = performance.now()
      const answer = await instances[instance][handler](event, contextOf(remainingMs))
      process.send({ call, answer, ms: performance.now() - start })
    }
  } catch (error) {
    process.send({ call, error: String(error?.stack ?? error) })
  }
})
process.send({ ready: true })
