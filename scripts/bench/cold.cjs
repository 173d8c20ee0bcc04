// Load and first callback, in a fresh process.
const { readFileSync, writeFileSync } = require('node:fs')
const [, , handler, out] = process.argv
const event = JSON.parse(readFileSync(process.env.EVENT, 'utf8'))
const start = process.hrtime.bigint()
const { main_handler } = require(handler)
main_handler(event).then((answer) => {
  const ms = Number(process.hrtime.bigint() - start) / 1e6
  if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}: ${answer.body}`)
  writeFileSync(out, JSON.stringify({ ms }))
  process.exit(0)
})
