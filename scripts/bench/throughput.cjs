// So many callbacks, so many at once, each with a RunId of its own; the connection is opened by one before the clock starts.
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

async function run() {
  await one()
  const start = process.hrtime.bigint()
  const worker = async () => {
    while (sent < Number(CALLBACKS)) await one()
  }
  await Promise.all(Array.from({ length: Number(AT_ONCE) }, worker))
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  writeFileSync(out, JSON.stringify({ seconds }))
  process.exit(0)
}
run()
