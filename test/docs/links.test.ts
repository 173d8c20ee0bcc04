import { existsSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { pageAt, PATHS, ROOT } from './pages'

/** Where a link leads in the project; null: out of it. */
function targetOf(path: string, link: string): { readonly file: string; readonly anchor: string } | null {
  if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return null
  const [to = '', anchor = ''] = link.split('#')
  return {
    file: to === '' ? path : posix.join(posix.dirname(path), decodeURI(to)),
    anchor: decodeURI(anchor),
  }
}

/** Why a link leads nowhere; null: it leads somewhere. */
function fault(path: string, link: string): string | null {
  const target = targetOf(path, link)
  if (target === null) return null
  const { file, anchor } = target
  if (file.startsWith('..')) return `${link}: out of the project`
  if (!existsSync(join(ROOT, file))) return `${link}: there is no ${file}`
  if (anchor !== '' && file.endsWith('.md') && !pageAt(file).anchors.has(anchor))
    return `${link}: ${file} has no heading #${anchor}`
  return null
}

test.each(PATHS)('%s: every link leads somewhere', (path) => {
  const faults = pageAt(path)
    .links.map((link) => fault(path, link))
    .filter((one) => one !== null)
  expect(faults).toEqual([])
})

test.each(PATHS.filter((path) => /^(README|docs\/)/.test(path)))('%s: is short enough to be read', (path) => {
  expect(statSync(join(ROOT, path)).size).toBeLessThanOrEqual(path.startsWith('README') ? 9_000 : 12_000)
})

/** What can be reached from a page by so many links. */
function reachable(from: string, clicks: number): ReadonlySet<string> {
  let border = [from]
  const found = new Set(border)
  for (let click = 0; click < clicks; click += 1) {
    border = border
      .flatMap((path) => pageAt(path).links.map((link) => targetOf(path, link)?.file ?? ''))
      .filter((file) => PATHS.includes(file) && !found.has(file))
    for (const file of border) found.add(file)
  }
  return found
}

test.each(
  PATHS.filter((path) => /^README.*\.md$/.test(path)).map((path) => [
    path,
    path === 'README.md' ? /^docs\/(?!zh\/)/ : /^docs\/zh\//,
  ]),
)('%s: every page is two clicks away at most', (readme, own) => {
  const found = reachable(readme, 2)
  expect(PATHS.filter((path) => own.test(path) && !found.has(path))).toEqual([])
})

test('the headings that other sites and hints link to are there', () => {
  expect(pageAt('SECURITY.md').headings.some(({ text }) => text.startsWith('Reporting'))).toBe(true)
})
