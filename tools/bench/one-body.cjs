// One callback, in a fresh process: its status, the time and the processor's time that the handler took in ms, and the process's peak resident memory in
// MB, the event's own parsing included, as in the cloud.
const { readFileSync, writeFileSync } = require('node:fs')
const { peakRssMb } = require('./peak-rss.cjs')
const [, , handler, out] = process.argv
const { main_handler } = require(handler)
const event = JSON.parse(readFileSync(process.env.EVENT, 'utf8'))
const start = performance.now()
const cpu = process.cpuUsage()
main_handler(event).then(({ statusCode }) => {
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  const mb = peakRssMb()
  writeFileSync(out, JSON.stringify({ status: statusCode, ms, cpuMs: (user + system) / 1000, mb }))
  process.exit(0)
})
