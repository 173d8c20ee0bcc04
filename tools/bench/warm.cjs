// The median time of a callback in a warm process, in µs. Every callback has a RunId of its own: a repeat would stop at the ledger.
const { readFileSync, writeFileSync } = require('node:fs')
const [, , handler, out] = process.argv
const event = JSON.parse(readFileSync(process.env.EVENT, 'utf8'))
const rounds = Number(process.env.ROUNDS ?? 1500)
const { main_handler } = require(handler)

let count = 0
const next = () => ({
  ...event,
  body: event.body.replace(/i0{31}/, `i${String((count += 1)).padStart(31, '0')}`),
})

async function run() {
  const times = []
  for (let round = 0; round < rounds * 2; round += 1) {
    const one = next()
    const start = process.hrtime.bigint()
    const answer = await main_handler(one)
    if (round >= rounds) times.push(Number(process.hrtime.bigint() - start) / 1e3)
    if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}: ${answer.body}`)
  }
  times.sort((a, b) => a - b)
  writeFileSync(out, JSON.stringify({ us: times[Math.floor(times.length / 2)] }))
  process.exit(0)
}
run()
