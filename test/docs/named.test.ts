import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { SETTINGS } from '../../src/config/settings'
import { unknownSettings } from '../../src/config/unknown-settings'
import { COMMANDS } from '../../tools/deploy/commands'
import { type Page, pageAt, PATHS, ROOT } from './pages'

interface Option {
  readonly shortcut?: string
}
interface Command {
  readonly options?: Readonly<Record<string, Option>>
  readonly commands?: Readonly<Record<string, Command>>
}

/** Serverless's own commands for a service, some of which it has for whichever provider. */
const OWN = createRequire(__filename)('serverless/lib/cli/commands-schema/aws-service') as ReadonlyMap<
  string,
  Command
>
const COMMON = OWN.get('deploy')?.options ?? {}

/** Every `serverless` command by its words, with its options. */
const SERVERLESS: ReadonlyMap<string, Readonly<Record<string, Option>>> = new Map([
  ...Array.from(OWN, ([words, { options = {} }]) => [words, options] as const),
  ...added(COMMANDS as Readonly<Record<string, Command>>),
])

function added(
  commands: Readonly<Record<string, Command>>,
  before = '',
): readonly (readonly [string, Readonly<Record<string, Option>>])[] {
  return Object.entries(commands).flatMap(([word, { options, commands: below = {} }]) => {
    const words = before + word
    return [
      [words, { ...OWN.get(words)?.options, ...commonOptions(), ...options }] as const,
      ...added(below, `${words} `),
    ]
  })
}

/** Of every command of a service. */
function commonOptions(): Readonly<Record<string, Option>> {
  return Object.fromEntries(
    ['stage', 'param', 'region', 'help', 'verbose', 'debug'].flatMap((name) =>
      COMMON[name] === undefined ? [] : [[name, COMMON[name]]],
    ),
  )
}

/** What has the place of something else: `…`, `<stage>`. */
const isPlaceholder = (word: string): boolean => /[…<>]/.test(word)

/** Every command line that a page has: in its blocks, between backticks, and in the tables that list commands. */
function linesOf({ blocks, spans, source }: Page): readonly string[] {
  const inBlocks = blocks
    .filter(({ language }) => language !== 'json')
    .flatMap(({ text }) => text.split('\n'))
  const [, listed = ''] = /^\| `npx serverless …`.*\n\|[ |-]+\n((?:\|.*\n)+)/m.exec(source) ?? []
  const inTable = Array.from(
    listed.matchAll(/^\| `([^`]+)`/gm),
    ([, words]) => `npx serverless ${String(words)}`,
  )
  const bySubcommand = spans
    .filter((span) => /^callback [a-z]/.test(span))
    .map((span) => `npx serverless ${span}`)
  return [...inBlocks, ...spans, ...inTable, ...bySubcommand]
}

/** Why a `serverless` command is none; null: it is one. */
function serverlessFault(line: string): string | null {
  const words = line.split(/\s+/).filter((word) => word !== '')
  const named = words.slice(
    0,
    Math.max(
      0,
      words.findIndex((word) => word.startsWith('-') || isPlaceholder(word)) + 1 || words.length + 1,
    ) - 1,
  )
  const known = [3, 2, 1].map((count) => named.slice(0, count).join(' ')).find((text) => SERVERLESS.has(text))
  if (named.length === 0) return null
  if (known === undefined) return `no such command: ${line}`
  if (known === 'callback' && named.length > 1) return `no such command: ${line}`
  const options = SERVERLESS.get(known) ?? {}
  const shortcuts = Object.values(options).map(({ shortcut }) => shortcut)
  const strange = words
    .filter((word) => /^--?[a-z]/i.test(word))
    .map((word) => word.split('=')[0] ?? '')
    .filter((word) =>
      word.startsWith('--') ? options[word.slice(2)] === undefined : !shortcuts.includes(word.slice(1)),
    )
  return strange.length === 0 ? null : `no such option: ${strange.join(' ')} in ${line}`
}

const SERVERLESS_LINE = /npx serverless ([^|&;#()]*)/g

test.each(PATHS)('%s: every serverless command that it names is one', (path) => {
  const faults = linesOf(pageAt(path)).flatMap((line) =>
    Array.from(line.matchAll(SERVERLESS_LINE), ([, rest = '']) => serverlessFault(rest.trim())),
  )
  expect(faults.filter((one) => one !== null)).toEqual([])
})

test('commands that are none, and options that are none, are found', () => {
  expect(serverlessFault('deploy function -f callback --stage prod')).toBeNull()
  expect(serverlessFault('callback connect --bucket B --dry-run --param a=b')).toBeNull()
  expect(serverlessFault('callback conect --bucket B')).toMatch('no such command')
  expect(serverlessFault('deploi')).toMatch('no such command')
  expect(serverlessFault('rollback --timestmp T')).toMatch('no such option')
  expect(serverlessFault('callback enable --dry-run')).toMatch('no such option')
})

/** Options of this machine's own commands, wherever their files lie. */
const LOCAL_OPTIONS = ['tools/local', 'tools/outbox', 'tools/cli']
  .map((folder) => join(ROOT, folder))
  .filter((folder) => existsSync(folder))
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) =>
    Array.from(readFileSync(file, 'utf8').matchAll(/'--([a-z-]+)(?: <[^>]+>)?',/g), ([, name]) =>
      String(name),
    ),
  )

test.each(PATHS)('%s: every option between backticks is one of some command', (path) => {
  const known = new Set([
    ...LOCAL_OPTIONS,
    ...[...SERVERLESS.values()].flatMap((options) => Object.keys(options)),
  ])
  const options = pageAt(path).spans.flatMap((span) => /^--([a-z][\w-]*)/i.exec(span)?.[1] ?? [])
  expect(options.filter((name) => !known.has(name))).toEqual([])
})

const SCRIPTS = Object.keys(
  (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> })
    .scripts,
)

test.each(PATHS)('%s: every npm script that it names is one', (path) => {
  const named = linesOf(pageAt(path)).flatMap((line) => [
    ...Array.from(line.matchAll(/npm run (?:-{1,2}[a-z]+ )*([a-z][\w:-]*)/g), ([, name]) => String(name)),
    ...Array.from(line.matchAll(/npm (start|test)\b/g), ([, name]) => String(name)),
  ])
  expect(named.filter((name) => !SCRIPTS.includes(name))).toEqual([])
})

const PLACE = /(?<![\w/.<>-])(?:src|events|test|docs|tools)\/[\w./-]*/g

/** Also of a pattern for Jest: the beginning of a file's name. */
function isThere(path: string): boolean {
  if (existsSync(join(ROOT, path))) return true
  const folder = join(ROOT, dirname(path))
  return (
    path.startsWith('test/') &&
    existsSync(folder) &&
    readdirSync(folder).some((name) => name.startsWith(basename(path)))
  )
}

test.each(PATHS)('%s: every path that it names is there', (path) => {
  const page = pageAt(path)
  const texts = [
    ...page.spans,
    ...page.blocks
      .filter(({ language }) => language === 'sh' || language === 'console')
      .map(({ text }) => text),
  ]
  const named = texts
    .filter((text) => !isPlaceholder(text) || text.includes('\n'))
    .flatMap((text) => text.match(PLACE) ?? [])
  expect(named.map((one) => one.replace(/[.]+$/, '')).filter((one) => !isThere(one))).toEqual([])
})

/** Names that are wrong on purpose. */
const EXAMPLES = ['QUEU_URL']
const NAMES = new Set(SETTINGS.map(({ name }) => name))
const FAMILIES = new Set(
  [...NAMES].filter((name) => name.includes('_')).map((name) => name.slice(0, name.indexOf('_') + 1)),
)

test.each(PATHS)('%s: every setting that it names is one', (path) => {
  const { spans, blocks } = pageAt(path)
  const named = [...spans, ...blocks.map(({ text }) => text)]
    .flatMap((text) => text.match(/(?<![\w$/{.-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w])/g) ?? [])
    .filter((name) => !EXAMPLES.includes(name))
  const ofUs = named.filter((name) => [...FAMILIES].some((family) => name.startsWith(family)))
  expect(ofUs.filter((name) => !NAMES.has(name))).toEqual([])
  expect(unknownSettings(named)).toEqual([])
})
