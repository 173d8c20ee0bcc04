import { posix } from 'node:path'
import { ALERT_CHANNELS } from '../../src/alerts/open-alert-channel'
import { allDrivers } from '../../src/drivers/open-target'
import { QUEUES } from '../../src/queues/open-queue'
import { STORES } from '../../src/stores/open-store'
import { pageAt, PATHS } from './pages'

interface Row {
  readonly text: string
  /** Of the page that it links to. */
  readonly page: string
}

/** The rows of README's table below a heading, each with a link to its driver's page. */
function rowsOf(heading: string): readonly Row[] {
  const chapter =
    pageAt('README.md')
      .source.split(`\n### ${heading}\n`)[1]
      ?.split(/\n##+ /)[0] ?? ''
  return Array.from(chapter.matchAll(/^\| \[[^\]]+\]\(([^)]+)\).*$/gm), ([text, page = '']) => ({
    text,
    page,
  }))
}

const schemesIn = (text: string): readonly string[] =>
  Array.from(text.matchAll(/`([a-z]+):/g), ([, scheme = '']) => scheme)

const KINDS = [
  ['Queues', 'docs/queues', () => allDrivers(QUEUES)],
  ['Alert channels', 'docs/channels', () => allDrivers(ALERT_CHANNELS)],
  ['Stores', 'docs/stores', () => allDrivers(STORES)],
] as const

describe.each(KINDS)('%s', (heading, folder, drivers) => {
  test('every scheme and every form stands in the table, and no other', async () => {
    const table = rowsOf(heading)
      .map(({ text }) => text)
      .join('\n')
    const all = await drivers()
    for (const { form } of all) expect(table).toContain(`\`${form}\``)
    expect([...new Set(schemesIn(table))].sort()).toEqual(all.flatMap((driver) => driver.schemes).sort())
  })

  test('each row links to a page that shows a URL of each of its schemes', () => {
    for (const { text, page } of rowsOf(heading)) {
      const { source } = pageAt(page)
      for (const scheme of schemesIn(text))
        expect([page, source]).toEqual([page, expect.stringMatching(`\\b${scheme}(:|\`)`)])
    }
  })

  test('every page of the folder is in the table', () => {
    const pages = PATHS.filter((path) => posix.dirname(path) === folder && !path.endsWith('README.md'))
    expect([...new Set(rowsOf(heading).map(({ page }) => page))].sort()).toEqual(pages)
  })
})
