// Load and first callback, in a fresh process. What a handler may have to load, such as node:crypto, is not loaded here.
// FRESH_RUN: with a RunId that no store has seen.
const { readFileSync, writeFileSync } = require('node:fs')
const [, , handler, out] = process.argv
const event = JSON.parse(readFileSync(process.env.EVENT, 'utf8'))
if (process.env.FRESH_RUN)
  event.body = event.body.replace(
    /i0{31}/,
    `i${String(process.pid).padStart(10, '0')}${String(Date.now()).padStart(21, '0')}`,
  )
const start = process.hrtime.bigint()
const { main_handler } = require(handler)
main_handler(event).then((answer) => {
  const ms = Number(process.hrtime.bigint() - start) / 1e6
  if (answer.statusCode !== 200 || /parked|duplicate/.test(answer.body))
    throw new Error(`answered ${answer.statusCode}: ${answer.body}`)
  writeFileSync(out, JSON.stringify({ ms }))
  process.exit(0)
})
