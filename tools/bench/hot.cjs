// The CPU time of a callback, in µs, of one warm process with so many under way at once. Every callback has a RunId of its own.
const { readFileSync, writeFileSync } = require('node:fs')
const [, , handler, out] = process.argv
const event = JSON.parse(readFileSync(process.env.EVENT, 'utf8'))
const callbacks = Number(process.env.CALLBACKS)
const atOnce = Number(process.env.AT_ONCE)
const { main_handler } = require(handler)

let sent = 0
async function work(last) {
  while (sent < last) {
    sent += 1
    const body = event.body.replace(
      /i0{31}/,
      `i${String(process.pid).padStart(10, '0')}${String(sent).padStart(21, '0')}`,
    )
    const answer = await main_handler({ ...event, body })
    if (answer.statusCode !== 200 || /parked|duplicate/.test(answer.body ?? ''))
      throw new Error(`answered ${answer.statusCode}: ${answer.body}`)
  }
}

const some = async (count) => {
  const last = sent + count
  await Promise.all(Array.from({ length: atOnce }, () => work(last)))
}

async function run() {
  await some(callbacks / 2)
  const before = process.cpuUsage()
  await some(callbacks)
  const { user, system } = process.cpuUsage(before)
  writeFileSync(out, JSON.stringify({ us: (user + system) / callbacks }))
  process.exit(0)
}
run().catch((error) => {
  console.error(error)
  process.exit(1)
})
