// One sweep in a process of its own, as the platform starts it: REMAINING_MS is what is left of the invocation, SHIFT_MS by how much the clock is ahead.
const { writeFileSync } = require('node:fs')
const { peakRssMb } = require('./peak-rss.cjs')
const [, , handler, out] = process.argv

const shiftMs = Number(process.env.SHIFT_MS)
const now = Date.now
Date.now = () => now() + shiftMs

const { sweep_handler } = require(handler)
const start = performance.now()
const end = start + Number(process.env.REMAINING_MS)
const context = { request_id: 'bench', getRemainingTimeInMillis: () => Math.round(end - performance.now()) }
sweep_handler({ Type: 'Timer' }, context).then((report) => {
  writeFileSync(out, JSON.stringify({ ...report, ms: performance.now() - start, mb: peakRssMb() }))
  process.exit(0)
})
