// The process's peak resident memory after one callback, in MB, the event's own parsing included, as in the cloud.
const { readFileSync, writeFileSync } = require('node:fs')
const { peakRssMb } = require('./peak-rss.cjs')
const [, , handler, out] = process.argv
const { main_handler } = require(handler)
main_handler(JSON.parse(readFileSync(process.env.EVENT, 'utf8'))).then((answer) => {
  if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}: ${answer.body}`)
  writeFileSync(out, JSON.stringify({ mb: peakRssMb() }))
  process.exit(0)
})
