// One warm instance under so many callbacks, so many at once; resident memory, and what is open, on the way. Each callback has a RunId of its own.
const { readdirSync, readFileSync, readlinkSync, writeFileSync } = require('node:fs')
const { peakRssMb } = require('./peak-rss.cjs')
const [, , handler, out] = process.argv
const event = JSON.parse(readFileSync(process.env.EVENT, 'utf8'))
const callbacks = Number(process.env.CALLBACKS)
const { main_handler } = require(handler)

const context = () => {
  const end = performance.now() + 10_000
  return { getRemainingTimeInMillis: () => Math.max(0, Math.round(end - performance.now())) }
}

let sent = 0
async function one() {
  sent += 1
  const body = event.body.replace(/i0{31}/, `i${String(sent).padStart(31, '0')}`)
  const { statusCode, body: answer } = await main_handler({ ...event, body }, context())
  if (!answer.includes('"outcome":"queued"')) throw new Error(`answered ${statusCode}: ${answer}`)
}

const inMb = (bytes) => bytes / 2 ** 20
/** Also those that Node.js does not wait for, which it does not list: Linux tells. */
const sockets = () =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
    } catch {
      // The folder's own, closed by now.
      return false
    }
  }).length
const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
const open = () => ({ sockets: sockets(), timers: timers() })
/** What is open once nothing is under way: held connections are let go of in the turns after an answer. */
const openWhenIdle = () => new Promise((done) => setImmediate(() => setTimeout(() => done(open()), 100)))

async function run() {
  await one()
  const atStart = await openWhenIdle()
  const start = process.hrtime.bigint()
  const rss = []
  const worker = async () => {
    while (sent < callbacks) {
      await one()
      if (sent % 100 === 0) rss.push({ sent, mb: inMb(process.memoryUsage.rss()) })
    }
  }
  await Promise.all(Array.from({ length: Number(process.env.AT_ONCE) }, worker))
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  const atEnd = await openWhenIdle()
  const peakMb = peakRssMb()
  const heapMb = inMb(process.memoryUsage().heapUsed)
  writeFileSync(out, JSON.stringify({ atStart, atEnd, rss, peakMb, heapMb, seconds, sent }))
  process.exit(0)
}
run()
