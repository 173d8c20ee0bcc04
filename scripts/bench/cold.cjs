// Load and first callback, in a fresh process. FRESH_RUN: with a RunId that no store has seen.
const { readFileSync, writeFileSync } = require('node:fs')
const { randomBytes } = require('node:crypto')
const [, , handler, out] = process.argv
const event = JSON.parse(readFileSync(process.env.EVENT, 'utf8'))
if (process.env.FRESH_RUN)
  event.body = event.body.replace(/i0{31}/, `i${randomBytes(16).toString('hex').slice(1)}`)
const start = process.hrtime.bigint()
const { main_handler } = require(handler)
main_handler(event).then((answer) => {
  const ms = Number(process.hrtime.bigint() - start) / 1e6
  if (answer.statusCode !== 200 || /parked|duplicate/.test(answer.body))
    throw new Error(`answered ${answer.statusCode}: ${answer.body}`)
  writeFileSync(out, JSON.stringify({ ms }))
  process.exit(0)
})
