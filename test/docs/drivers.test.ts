import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ALERT_CHANNELS } from '../../src/alerts/open-alert-channel'
import { allDrivers } from '../../src/delivery/open-target'
import { QUEUES } from '../../src/queues/open-queue'
import { STORES } from '../../src/stores/open-store'

const README = readFileSync(join(__dirname, '..', '..', 'README.md'), 'utf8')

/** A chapter's table of URLs: the first table below its heading whose rows begin with a link to a chapter of its own. */
function tableOf(heading: string): string {
  const chapter = README.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return chapter
    .split('\n')
    .filter((line) => /^\| \[[^\]]+\]\(#/.test(line))
    .join('\n')
}

test.each([
  ['Queues', () => allDrivers(QUEUES)],
  ['Alert channels', () => allDrivers(ALERT_CHANNELS)],
  ['Stores', () => allDrivers(STORES)],
])('%s: every scheme and every form stands in the table, and no other', async (heading, drivers) => {
  const table = tableOf(heading)
  const all = await drivers()
  for (const { form } of all) expect(table).toContain(`\`${form}\``)
  const schemes = Array.from(table.matchAll(/`([a-z]+):/g), ([, scheme]) => scheme)
  expect([...new Set(schemes)].sort()).toEqual(all.flatMap((driver) => driver.schemes).sort())
})
