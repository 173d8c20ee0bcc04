// The rate of so many callbacks, so many at once: right after the first one, which opens the connection, and once V8 has compiled what is hot. Each
// callback has a RunId of its own.
const { readFileSync, writeFileSync } = require('node:fs')
const [, , handler, out] = process.argv
const event = JSON.parse(readFileSync(process.env.EVENT, 'utf8'))
const { CALLBACKS, AT_ONCE } = process.env
const { main_handler } = require(handler)

let sent = 0
async function one() {
  sent += 1
  const body = event.body.replace(/i0{31}/, `i${String(sent).padStart(31, '0')}`)
  const answer = await main_handler({ ...event, body })
  if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}: ${answer.body}`)
}

/** So many callbacks, so many at once; returns how many a second. */
async function rate(callbacks) {
  const last = sent + callbacks
  const start = process.hrtime.bigint()
  const worker = async () => {
    while (sent < last) await one()
  }
  await Promise.all(Array.from({ length: Number(AT_ONCE) }, worker))
  return callbacks / (Number(process.hrtime.bigint() - start) / 1e9)
}

async function run() {
  await one()
  const fresh = await rate(Number(CALLBACKS))
  await rate(2 * Number(CALLBACKS))
  const warm = await rate(Number(CALLBACKS))
  writeFileSync(out, JSON.stringify({ fresh, warm, sent }))
  process.exit(0)
}
run()
