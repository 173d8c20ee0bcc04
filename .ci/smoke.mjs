// Runs dist/index.js alone in an empty folder, with the drivers that it holds itself, on sample events.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'relay-smoke-'))
const token = 'smoke-token-of-22-chars'
const wanted = {
  'url-success': [200, 'queued'],
  'apigw-failed': [200, 'alerted'],
  running: [200, 'ignored'],
  malformed: [400, 'malformed-xml'],
  'wrong-token': [401, 'unauthorized'],
}
const program = `
  const { main_handler } = require('./index.js')
  const events = JSON.parse(require('fs').readFileSync(0, 'utf8'))
  ;(async () => {
    const answers = {}
    for (const [name, event] of Object.entries(events)) answers[name] = await main_handler(event)
    require('fs').writeFileSync('answers.json', JSON.stringify(answers))
  })()`
try {
  copyFileSync(join(root, 'dist/index.js'), join(folder, 'index.js'))
  const events = Object.fromEntries(
    Object.keys(wanted).map((name) => {
      const event = JSON.parse(readFileSync(join(root, 'events', `${name}.json`), 'utf8'))
      return [name, { ...event, path: event.path.replace(/\/local$/, `/${token}`) }]
    }),
  )
  execFileSync(process.execPath, ['-e', program], {
    cwd: folder,
    input: JSON.stringify(events),
    stdio: ['pipe', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      CALLBACK_TOKEN: token,
      QUEUE_URL: 'file:queue.jsonl',
      ALERT_URLS: 'console:',
      STORE_URL: 'memory:',
    },
  })
  const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8'))
  for (const [name, [status, word]] of Object.entries(wanted)) {
    const { statusCode, body } = answers[name]
    const { outcome, error } = JSON.parse(body)
    if (statusCode !== status || (outcome ?? error) !== word)
      throw new Error(`${name}: ${statusCode} ${body}`)
  }
  if (readFileSync(join(folder, 'queue.jsonl'), 'utf8').split('\n').length !== 2)
    throw new Error('the queue holds not one line')
  console.log(`${Object.keys(wanted).length} events answered as they should be`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
