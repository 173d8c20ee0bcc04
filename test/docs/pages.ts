import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(__dirname, '..', '..')

/** A block between fences. */
export interface Block {
  readonly language: string
  readonly text: string
}

/** A page as its reader has it. */
export interface Page {
  /** From the project's root. */
  readonly path: string
  readonly source: string
  readonly blocks: readonly Block[]
  /** What stands between backticks in a line. */
  readonly spans: readonly string[]
  /** Levels and texts, marks taken away. */
  readonly headings: readonly { readonly level: number; readonly text: string }[]
  /** By GitHub's rules. */
  readonly anchors: ReadonlySet<string>
  /** Where its links lead, as they are written. */
  readonly links: readonly string[]
  /** How many rows each table has, its head included. */
  readonly tables: readonly number[]
}

const FENCE = /^ *(`{3,}|~{3,})(.*)$/
const SPAN = /(?<!`)(`+)(?!`)(.*?[^`])\1(?!`)/g
const LINK = /\[(?:[^[\]]|\[[^[\]]*\])*\]\(([^()\s]+)\)/g

function markdownBelow(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .sort()
}

/** Pages for people who use the project, or work on it. */
export const PATHS: readonly string[] = [
  ...readdirSync(ROOT).filter((name) => /^(README.*|CONTRIBUTING|SECURITY|CHANGELOG)\.md$/.test(name)),
  'events/README.md',
  ...markdownBelow('docs'),
]

const read = new Map<string, Page>()

export function pageAt(path: string): Page {
  const page = read.get(path) ?? readPage(path)
  read.set(path, page)
  return page
}

function readPage(path: string): Page {
  const source = readFileSync(join(ROOT, path), 'utf8')
  const { prose, blocks } = takenApart(source)
  const headings = prose.flatMap((line) => {
    const [, marks, text] = /^(#{1,6}) +(.*?) *$/.exec(line) ?? []
    return marks === undefined ? [] : [{ level: marks.length, text: plain(text ?? '') }]
  })
  const links = prose.flatMap((line) =>
    Array.from(line.replaceAll(SPAN, 'code').matchAll(LINK), ([, to = '']) => to),
  )
  return {
    path,
    source,
    blocks,
    spans: prose.flatMap((line) => Array.from(line.matchAll(SPAN), ([, , span = '']) => span.trim())),
    headings,
    anchors: anchorsOf(headings.map(({ text }) => text)),
    links,
    tables: tablesIn(prose),
  }
}

function takenApart(source: string): {
  readonly prose: readonly string[]
  readonly blocks: readonly Block[]
} {
  const prose: string[] = []
  const blocks: Block[] = []
  let open: { readonly fence: string; readonly language: string; readonly lines: string[] } | null = null
  for (const line of source.split('\n')) {
    const [, fence = '', info = ''] = FENCE.exec(line) ?? []
    if (open === null && fence !== '') {
      open = { fence, language: info.trim(), lines: [] }
      // A table or a list ends here.
      prose.push('')
    } else if (open === null) prose.push(line)
    else if (fence.startsWith(open.fence) && info.trim() === '') {
      blocks.push({ language: open.language, text: open.lines.join('\n') })
      open = null
    } else open.lines.push(line)
  }
  return { prose, blocks }
}

/** A heading's text as it is shown. */
function plain(text: string): string {
  return text
    .replaceAll(/\[((?:[^[\]]|\[[^[\]]*\])*)\]\([^()\s]+\)/g, '$1')
    .replaceAll(/\*+|`/g, '')
    .replaceAll(/(?<![\p{L}\p{N}])_([^_]+)_(?![\p{L}\p{N}])/gu, '$1')
}

/** In small letters, blanks as hyphens, nothing but letters, digits, hyphens and underscores; what comes again is numbered. */
function anchorsOf(texts: readonly string[]): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const text of texts) {
    const anchor = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-')
    let unique = anchor
    for (let times = 1; anchors.has(unique); times += 1) unique = `${anchor}-${times}`
    anchors.add(unique)
  }
  return anchors
}

function tablesIn(prose: readonly string[]): readonly number[] {
  const tables: number[] = []
  let rows = 0
  for (const line of [...prose, '']) {
    if (/^\s*\|/.test(line)) rows += 1
    else if (rows > 0) {
      // The line below the head is none.
      tables.push(rows - 1)
      rows = 0
    }
  }
  return tables
}
