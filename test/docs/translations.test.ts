import { type Block, pageAt, PATHS } from './pages'

/** Translations of pages that stand at the root; each other one has its page's name, below docs/. */
const ROOTS: Readonly<Record<string, string>> = {
  'README.zh-CN.md': 'README.md',
  'docs/zh/contributing.md': 'CONTRIBUTING.md',
}

/** A page and its translation. The first pair shows that the check finds nothing where there is nothing. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['README.md', 'README.md'],
  ...PATHS.filter((path) => path in ROOTS || path.startsWith('docs/zh/')).map(
    (path) => [ROOTS[path] ?? path.replace('docs/zh/', 'docs/'), path] as const,
  ),
]

test('every page for users has its translation', () => {
  const translated = PAIRS.slice(1).map(([path]) => path)
  const pages = PATHS.filter((path) => /^docs\/(?!zh\/)/.test(path))
  expect([...Object.values(ROOTS), ...pages].filter((path) => !translated.includes(path))).toEqual([])
})

/** What is shown, not pasted: samples of output, and labels in diagrams. */
const SHOWN = ['text', 'mermaid']

/** A block less its comments, which are translated, as all of what is shown may be. */
function untranslated({ language, text }: Block): string {
  if (SHOWN.includes(language)) return language
  const lines = text.split('\n').map((line) => line.replace(/(^|\s)(?:#|\/\/)\s.*$/, '').trimEnd())
  return [language, ...lines].join('\n')
}

describe.each(PAIRS)('%s and %s', (path, translation) => {
  test('the translation is of a page that is there', () => {
    expect(PATHS).toContain(path)
  })

  test('have the same headings, level by level', () => {
    const levels = (of: string): readonly number[] => pageAt(of).headings.map(({ level }) => level)
    expect(levels(translation)).toEqual(levels(path))
  })

  test('have the same code, but for comments and what is shown', () => {
    const code = (of: string): readonly string[] => pageAt(of).blocks.map(untranslated)
    expect(code(translation)).toEqual(code(path))
  })

  test('have tables of as many rows', () => {
    expect(pageAt(translation).tables).toEqual(pageAt(path).tables)
  })
})
