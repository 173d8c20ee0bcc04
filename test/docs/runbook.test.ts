import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pageAt, ROOT } from './pages'

/** What ships: the tools have no log. */
const SOURCES = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(ROOT, 'src', name), 'utf8'))

const RUNBOOK = pageAt('docs/runbook.md').source
/** The messages that it explains, each at the head of its row. */
const EXPLAINED = Array.from(RUNBOOK.matchAll(/^\| `([^`]+)`/gm), ([, text]) => String(text)).filter(
  (text) => text !== 'msg',
)

/** A call of the log at warn or above, and the words that it begins with. */
const CALL = /\blog\(\s*(?:'(?:warn|error|fatal)'|[^,()]*\?[^,()]*'(?:warn|error)'[^,()]*),\s*(['`])(.+?)\1/g

test('every message at warn and above is in the runbook', () => {
  const logged = SOURCES.flatMap((text) => Array.from(text.matchAll(CALL), ([, , words]) => String(words)))
  expect(logged.length).toBeGreaterThan(25)
  const beginnings = logged.map((words) => words.split('${')[0] ?? '')
  expect(beginnings.filter((words) => !RUNBOOK.includes(`\`${words}`))).toEqual([])
})

test('every message in the runbook is one', () => {
  const source = SOURCES.join('\n')
  const isLogged = (text: string): boolean =>
    source.includes(text) || source.includes(`${text.split(':')[0] ?? ''}: \${`)
  expect(EXPLAINED.length).toBeGreaterThan(25)
  expect(EXPLAINED.map((text) => text.replace(/ ?…$/, '')).filter((text) => !isLogged(text))).toEqual([])
})
