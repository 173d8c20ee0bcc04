import type { CloudEvent } from '../../src/callback/cloud-event'
import { fewAtOnce } from '../../src/relay/few-at-once'
import { destinationOf, nameOfLine } from '../../src/stores/line'
import {
  byArrival,
  type ItemHeader,
  type LineCount,
  type Page,
  type ParkedItem,
  type Store,
  type Stray,
} from '../../src/stores/store'
import { UsageError } from '../cli/command'
import { harmless } from '../local/harmless'
import { textTable } from '../local/text-table'
import { onOneLine, printJson, readable, shown, type WithoutTokens } from './print'

/** Listed at a time; each is read, so that it is said what it is about, and one that cannot be read is named. */
export const LISTED = 1_000
const READ_AT_ONCE = 16

/** An item as it is listed, and what can be told of its content. */
interface Listed {
  readonly header: ItemHeader
  readonly about: string | null
}

/** `from`: where a list ended before; '' for its beginning; `all`: every item there is. */
export async function listItems(
  store: Store,
  json: boolean,
  from: string,
  withoutTokens: WithoutTokens,
): Promise<void> {
  const lines = (await store.lines()).toSorted(byStatus)
  const listed: Listed[] = []
  let place: string | null = from === 'all' ? '' : from
  do {
    const { headers, next } = await pageOf(store, lines, place)
    listed.push(...(await lookedInto(store, headers)))
    place = next
  } while (from === 'all' && place !== null)
  listed.sort((a, b) => byArrival(a.header, b.header))
  const strays = await store.strays()
  if (json) asJson(listed, strays, place, withoutTokens)
  else asTables(listed, lines, strays, place)
}

const STATUSES = ['waiting', 'dead', 'quarantined'] as const

function statusOf({ line: { kind } }: LineCount): (typeof STATUSES)[number] {
  return kind === 'dead' || kind === 'quarantined' ? kind : 'waiting'
}

function byStatus(a: LineCount, b: LineCount): number {
  const [one, other] = [nameOfLine(a.line), nameOfLine(b.line)]
  return STATUSES.indexOf(statusOf(a)) - STATUSES.indexOf(statusOf(b)) || (one < other ? -1 : 1)
}

/** Up to LISTED items from a place on: the name of a line and a place in it. */
async function pageOf(
  store: Store,
  lines: readonly LineCount[],
  place: string,
): Promise<{ readonly headers: readonly ItemHeader[]; readonly next: string | null }> {
  const [name = '', cursor = ''] =
    place === '' ? [] : [place.slice(place.indexOf(':') + 1), place.split(':')[0]]
  const start = place === '' ? 0 : lines.findIndex(({ line }) => nameOfLine(line) === name)
  if (start < 0) throw new UsageError('--from: nothing stands there any more; list begins anew without it')
  const headers: ItemHeader[] = []
  let from: string | null = cursor === '' ? null : cursor
  for (const { line } of lines.slice(start)) {
    do {
      if (headers.length >= LISTED) return { headers, next: `${from ?? ''}:${nameOfLine(line)}` }
      const page: Page = await store.page(line, from, LISTED - headers.length)
      headers.push(...page.headers)
      from = page.next
    } while (from !== null)
  }
  return { headers, next: null }
}

async function lookedInto(store: Store, headers: readonly ItemHeader[]): Promise<readonly Listed[]> {
  return fewAtOnce(
    headers,
    async (header) => {
      const item = await store.read(header.id)
      return { header, about: item === null ? null : aboutOf(item.payload) }
    },
    READ_AT_ONCE,
  )
}

/** The run or job and its object, or what else it is about. */
function aboutOf(payload: ParkedItem['payload']): string {
  switch (payload.kind) {
    case 'message':
      return aboutEvent(payload.event)
    case 'alert':
      return payload.alert.event === null ? payload.alert.title : aboutEvent(payload.alert.event)
    case 'resolve':
      return payload.incident
    case 'unverified':
      return 'a callback that CI is to be asked about'
    case 'rest':
      return 'a body of which a part is not settled yet'
    case 'unreadable':
      return 'a body that could not be read'
  }
}

function aboutEvent({ id, data }: CloudEvent): string {
  const run = 'runId' in data ? data.runId : 'jobId' in data ? data.jobId : id
  return [run, data.object].filter(Boolean).join(' · ')
}

function asJson(
  items: readonly Listed[],
  strays: readonly Stray[],
  next: string | null,
  withoutTokens: WithoutTokens,
): void {
  printJson(
    [
      ...items.map(({ header, about }) => ({ ...readable(header), about })),
      ...strays.map(({ place, problem }) => ({ id: null, status: 'unreadable', place, lastError: problem })),
    ],
    withoutTokens,
  )
  if (next !== null) console.error(`There is more: --from '${harmless(next)}', or --all`)
}

function asTables(
  items: readonly Listed[],
  lines: readonly LineCount[],
  strays: readonly Stray[],
  next: string | null,
): void {
  if (items.length === 0) console.log('The outbox is empty.')
  else {
    const rows = items.map(({ header, about }) => [
      harmless(header.id),
      header.status,
      shown(header.parkedAt),
      String(header.tries),
      header.status === 'waiting' ? shown(header.dueAt) : '-',
      onOneLine(header.status === 'quarantined' ? '-' : destinationOf(header.group)),
      onOneLine(about ?? '-').slice(0, 80),
      onOneLine(header.lastError ?? '-').slice(0, 80),
    ])
    const columns = ['id', 'status', 'since', 'tries', 'next try', 'to', 'about', 'last error']
    console.log(textTable(columns, rows))
    console.log(`\n${counted(lines)}`)
    if (next !== null)
      console.log(
        `These are ${items.length} of them. More: npm run outbox -- list --from '${harmless(next)}'`,
      )
  }
  if (strays.length > 0) {
    console.log('\nIn the store, but unreadable; passed over, and left for you to look at:\n')
    const rows = strays.map(({ place, problem }) => [onOneLine(place), onOneLine(problem)])
    console.log(textTable(['where', 'why'], rows))
  }
}

/** `3 waiting, 1 dead`. */
function counted(lines: readonly LineCount[]): string {
  return STATUSES.map((status) => {
    const own = lines.filter((count) => statusOf(count) === status)
    return { status, count: own.reduce((sum, { items }) => sum + items, 0) }
  })
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${status}`)
    .join(', ')
}
