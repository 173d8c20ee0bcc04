import { stat } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import type { Command } from 'commander'
import { newCommand, notEmpty, UsageError } from '../cli/command'
import { openLog, openParts } from '../../src/app'
import { ConfigError, type Environment, readConfig, tokensIn } from '../../src/config/read-config'
import type { CloudEvent } from '../../src/callback/cloud-event'
import { Deadline } from '../../src/net/deadline'
import { revived } from '../../src/outbox/after-failure'
import { DEADLINES } from '../../src/deadlines'
import { failedItem } from '../../src/outbox/deliver-or-park'
import { fewAtOnce } from '../../src/relay/few-at-once'
import type { Services } from '../../src/services'
import { blanking } from '../../src/net/blanked'
import { reasonOf } from '../../src/net/reason-of'
import { storeFolderOf } from '../../src/stores/file'
import { openStore } from '../../src/stores/open-store'
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
import { pagesOf } from '../../src/stores/pages'
import { patientStore } from '../../src/sweep/patient-store'
import { redeliver } from '../../src/sweep/redeliver'
import { credentialsOf } from '../../src/tencent/credentials'
import { harmless, harmlessJson } from './harmless'
import { nextSweep } from './next-sweep'
import { settingsHere } from './settings-here'
import { textTable } from './text-table'

const COMMANDS = `
Commands:
  list [--from PLACE]   what waits, what was given up (dead), which bodies could not be read (quarantined),
                        and what lies in the store that it cannot read itself (unreadable); 1,000 at a time
  show ID               one item, whole
  redeliver ID…         try now, from here, if QUEUE_URL / ALERT_URLS are set; else mark it due for the function's next sweep
  redeliver --all       every waiting and every dead item (quarantined ones only by their id)
  drop ID…              forget an item: it will not be delivered

STORE_URL says which store: file:.relay/store when unset. redis: and cos: as the function has it.
Exit code: 0 when all was done, 1 when something was not, 2 when the call is wrong.`

interface OutboxOptions {
  readonly all?: true
  readonly from?: string
  readonly json?: true
}

/** `npm run outbox`: what waits in a store, for people. */
export function outboxCommand(): Command {
  const command = newCommand('outbox', '(as npm run outbox -- COMMAND [options])')
  return command
    .description('Looks into the store, tries again what waits there, and forgets it.')
    .argument('[COMMAND]')
    .argument('[ID...]')
    .option('--all', 'with list: every item, not 1,000 of them; with redeliver: see there')
    .option('--from <PLACE>', 'with list: where the list before this one ended', notEmpty)
    .option('--json', 'for programs: show prints an object, the others an array')
    .addHelpText('after', COMMANDS)
    .action(async (name: string | undefined, ids: readonly string[], options: OutboxOptions) => {
      if (name === undefined) console.log(command.helpInformation() + COMMANDS)
      process.exitCode = name === undefined ? 2 : await outbox(name, ids, options)
    })
}

const LEASE_MS = 30_000
/** For one call of a store that may hang. */
const CALL_MS = 15_000
/** Listed at a time; each is read, so that it is said what it is about, and one that cannot be read is named. */
const LISTED = 1_000
const READ_AT_ONCE = 16

/** A body may name its own callback URL: where the environment says which tokens there are, none of them is printed. */
let withoutTokens = (text: string): string => text

function withoutTokensInBody(payload: ParkedItem['payload']): unknown {
  // The body is shown beside it.
  if (payload.kind === 'rest') return { kind: payload.kind }
  if (!('bodyBase64' in payload)) return payload
  const body = Buffer.from(payload.bodyBase64, 'base64').toString('utf8')
  const clean = withoutTokens(body)
  return clean === body ? payload : { ...payload, bodyBase64: Buffer.from(clean).toString('base64') }
}

interface Result {
  readonly id: string
  readonly done: boolean
  readonly note: string
}

async function outbox(command: string, ids: readonly string[], options: OutboxOptions): Promise<number> {
  const env = settingsOrWrongCall()
  try {
    return await run(command, ids, options, env)
  } catch (error) {
    throw error instanceof UsageError ? error : new Error(sentenceOf(error))
  }
}

async function run(
  command: string,
  ids: readonly string[],
  values: OutboxOptions,
  env: Environment,
): Promise<number> {
  if (values.all && command !== 'redeliver' && command !== 'list')
    throw new UsageError('--all goes with redeliver and list only')
  if (values.from !== undefined && (command !== 'list' || values.all))
    throw new UsageError('--from goes with list only, and without --all')
  const context = { credentials: () => credentialsOf(env), region: env['TENCENTCLOUD_REGION'] ?? null }
  const url = env['STORE_URL']?.trim() || 'file:.relay/store'
  const opened = await openStore(url, context).catch((error: unknown) => {
    throw new UsageError(`STORE_URL: ${(error as Error).message}`)
  })
  const store = patientStore(opened, () => CALL_MS)
  withoutTokens = blanking(tokensIn(env['CALLBACK_TOKEN']))
  const json = values.json ?? false
  // After what is wrong with the call itself.
  const there = async (): Promise<Store> => {
    if (store.scheme === 'file') await mustBeThere(storeFolderOf(url))
    return store
  }
  try {
    switch (command) {
      case 'list':
        if (ids.length > 0) throw new UsageError('list takes no ID: show does')
        return await list(await there(), json, values.all ? 'all' : (values.from ?? ''))
      case 'show': {
        const id = onlyOne(ids)
        return show(await the(await there(), id), json)
      }
      case 'drop': {
        const named = atLeastOne(ids)
        await there()
        return report(await each(named, (id) => drop(store, id)), json)
      }
      case 'redeliver': {
        const named = values.all ? none(ids) : atLeastOne(ids)
        const parts = await targetsOf(env, url, store)
        try {
          await there()
          const due = parts === null ? await nextSweep(store) : ''
          const results = values.all
            ? await redeliverAll(store, parts, due)
            : await each(named, (id) => redeliverOne(store, parts, due, id))
          return report(results, json)
        } finally {
          closeTargets(parts)
        }
      }
      default:
        throw new UsageError(`no command is called ${command}`)
    }
  } finally {
    store.close?.()
  }
}

/** A folder that is not there is no empty outbox: the path is wrong, or nothing was ever kept in it. */
async function mustBeThere(folder: string): Promise<void> {
  const found = await stat(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error(`there is no store at ${folder}: set STORE_URL to where the function keeps it`)
  })
  if (!found.isDirectory()) throw new Error(`there is no store at ${folder}: it is no folder`)
}

/** Of the system's errors, the code and the path; without the call that failed, which says nothing to a person. */
function sentenceOf(error: unknown): string {
  const { code, path, syscall, message } = error as NodeJS.ErrnoException
  if (syscall === undefined || path === undefined) return message
  const why = WHY[code ?? '']
  return `the store cannot be used: ${path}: ${why ?? reasonOf(error)}`
}

const WHY: Readonly<Record<string, string>> = {
  EACCES: 'permission denied (EACCES): run this as the user to whom the store belongs',
  EPERM: 'permission denied (EPERM): run this as the user to whom the store belongs',
  EROFS: 'the file system is read-only (EROFS)',
  ENOSPC: 'the disk is full (ENOSPC)',
  ENOTDIR: 'it is no folder (ENOTDIR)',
}

/** An item as it is listed, and what can be told of its content. */
interface Listed {
  readonly header: ItemHeader
  readonly about: string | null
}

/** `from`: where a list ended before; '' for its beginning; `all`: every item there is. */
async function list(store: Store, json: boolean, from: string): Promise<number> {
  const lines = (await store.lines()).toSorted(byStatus)
  const listed: Listed[] = []
  let place: string | null = from === 'all' ? '' : from
  do {
    const { headers, next } = await pageOf(store, lines, place)
    listed.push(...(await lookedInto(store, headers)))
    place = next
  } while (from === 'all' && place !== null)
  listed.sort((a, b) => byArrival(a.header, b.header))
  return print(listed, lines, place, await store.strays(), json)
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

function print(
  items: readonly Listed[],
  lines: readonly LineCount[],
  next: string | null,
  strays: readonly Stray[],
  json: boolean,
): number {
  if (json) {
    printJson([
      ...items.map(({ header, about }) => ({ ...readable(header), about })),
      ...strays.map(({ place, problem }) => ({ id: null, status: 'unreadable', place, lastError: problem })),
    ])
    if (next !== null) console.error(`There is more: --from '${harmless(next)}', or --all`)
    return 0
  }
  if (items.length === 0) console.log('The outbox is empty.')
  else {
    const rows = items.map(({ header, about }) => [
      harmless(header.id),
      header.status,
      shown(header.parkedAt),
      String(header.tries),
      header.status === 'waiting' ? shown(header.dueAt) : '-',
      onOneLine(header.status === 'quarantined' ? '-' : destinationOf(header.group)),
      cut(onOneLine(about ?? '-'), 80),
      cut(onOneLine(header.lastError ?? '-'), 80),
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
  return 0
}

function cut(text: string, length: number): string {
  return text.slice(0, length)
}

function printJson(value: unknown): void {
  console.log(harmlessJson(withoutTokens(JSON.stringify(value, null, 2))))
}

/** The body that was parked; null: none was. */
function bytesIn(payload: ParkedItem['payload']): Buffer | null {
  if (payload.kind === 'rest') return gunzipSync(Buffer.from(payload.bodyGzip, 'base64'))
  return 'bodyBase64' in payload ? Buffer.from(payload.bodyBase64, 'base64') : null
}

function show(item: ParkedItem, json: boolean): number {
  const { payload } = item
  const bytes = bytesIn(payload)
  const body = bytes === null ? {} : { body: bytes.toString('utf8') }
  if (json) {
    // The name that 0.1 gave it: programs read this.
    printJson({ ...readable(item), parcel: withoutTokensInBody(payload), ...body })
    return 0
  }
  const facts = [
    ['id', item.id],
    ['status', item.status],
    ['since', shown(item.parkedAt)],
    ['tries', String(item.tries)],
    ['next try', item.status === 'waiting' ? shown(item.dueAt) : '-'],
    ['last error', item.lastError ?? '-'],
    ['kind', payload.kind],
  ]
  console.log(facts.map(([name = '', value = '']) => name.padEnd(12) + onOneLine(value)).join('\n'))
  console.log(`\n${harmless(withoutTokens(body.body ?? JSON.stringify(payload, null, 2)))}`)
  return 0
}

/** The queue and channels of this environment; null when it names none: then the function's own sweep must deliver. */
async function targetsOf(env: Environment, storeUrl: string, store: Store): Promise<Services | null> {
  if (!env['QUEUE_URL']?.trim() && !env['ALERT_URLS']?.trim()) return null
  const log = openLog({ ...env, LOG_LEVEL: 'silent' })
  // Nobody is let in here, and nothing is reconciled: RECONCILE only tells of buckets, and where there is no region CI cannot be asked.
  const region = env['COS_REGION']?.trim() || env['TENCENTCLOUD_REGION']?.trim()
  const usable = {
    ...env,
    CALLBACK_TOKEN: 'unused',
    RELAY_LOCAL: '1',
    STORE_URL: storeUrl,
    ...(!region && { RECONCILE: '' }),
  }
  try {
    return { ...(await openParts(readConfig(usable), usable, log)), store }
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error
  }
}

function closeTargets(parts: Services | null): void {
  parts?.queue?.close?.()
  for (const { channel } of parts?.channels ?? []) channel.close?.()
}

/** Every waiting and every dead item, the oldest first; none overtakes one of its group that failed. */
async function redeliverAll(store: Store, parts: Services | null, due: string): Promise<readonly Result[]> {
  const failedAt = new Map<string, string>()
  const results: Result[] = []
  for (const { id, group } of await deliverable(store)) {
    const ahead = failedAt.get(group)
    const result =
      ahead === undefined
        ? await redeliverOne(store, parts, due, id)
        : { id, done: false, note: `waits behind ${ahead}` }
    if (!result.done && ahead === undefined) failedAt.set(group, id)
    results.push(result)
  }
  return results
}

/** Every item that is not quarantined, the oldest first. */
async function deliverable(store: Store): Promise<readonly ItemHeader[]> {
  const all: ItemHeader[] = []
  for (const { line } of await store.lines()) {
    if (line.kind === 'quarantined') continue
    for await (const headers of pagesOf(store, line, LISTED)) all.push(...headers)
  }
  return all.sort(byArrival)
}

/** @param due when the next sweep is, where there are no targets here */
async function redeliverOne(store: Store, parts: Services | null, due: string, id: string): Promise<Result> {
  const turn = await store.take(id, LEASE_MS)
  if (turn === null || turn === 'unreadable') return { id, done: false, note: notTaken(turn) }
  try {
    return await redeliverTaken(store, parts, due, turn.items[0])
  } finally {
    await store.giveBack([turn])
  }
}

async function redeliverTaken(
  store: Store,
  parts: Services | null,
  due: string,
  taken: ParkedItem,
): Promise<Result> {
  const { id } = taken
  const now = Date.now()
  const item = revived(taken, now)
  if (parts === null) {
    await store.park({ ...item, status: 'waiting', dueAt: now })
    return { id, done: true, note: `due now: the function's next sweep tries it${due}` }
  }
  const failure = await redeliver(parts, item, Deadline.in(DEADLINES.patient))
  if (failure === null) {
    await store.remove([id])
    return { id, done: true, note: 'delivered' }
  }
  const { status, lastError, ...failed } = failedItem(parts, item, failure, now)
  // What could not be read is never due: a person decides again.
  await store.park({ ...failed, lastError, status: item.status === 'quarantined' ? item.status : status })
  return { id, done: false, note: failure.message }
}

async function drop(store: Store, id: string): Promise<Result> {
  const turn = await store.take(id, LEASE_MS)
  if (turn === null) return { id, done: false, note: notTaken(turn) }
  await store.remove([id])
  if (turn !== 'unreadable') await store.giveBack([turn])
  return { id, done: true, note: 'dropped' }
}

function notTaken(what: 'unreadable' | null): string {
  return what === null ? 'not there, or a sweep is just at it' : 'it cannot be read'
}

async function each(
  ids: readonly string[],
  act: (id: string) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (const id of ids) results.push(await act(id))
  return results
}

function report(results: readonly Result[], json: boolean): number {
  if (json) printJson(results)
  else if (results.length === 0) console.log('Nothing to do.')
  else
    console.log(
      textTable(
        ['id', 'done', 'what happened'],
        results.map(({ id, done, note }) => [onOneLine(id), done ? 'yes' : 'NO', onOneLine(note)]),
      ),
    )
  return results.every(({ done }) => done) ? 0 : 1
}

async function the(store: Store, id: string): Promise<ParkedItem> {
  const item = await store.read(id)
  if (item !== null) return item
  // Whether it is there at all.
  const turn = await store.take(id, 1)
  throw new Error(turn === 'unreadable' ? `the item ${id} cannot be read` : `no item has the id ${id}`)
}

function onlyOne(ids: readonly string[]): string {
  const [id, ...rest] = ids
  if (id === undefined || rest.length > 0) throw new UsageError('give one ID')
  return id
}

function none(ids: readonly string[]): readonly string[] {
  if (ids.length > 0) throw new UsageError('give IDs or --all, not both')
  return ids
}

function atLeastOne(ids: readonly string[]): readonly string[] {
  if (ids.length === 0) throw new UsageError('give an ID (or, to redeliver, --all)')
  return ids
}

function readable(item: ItemHeader) {
  const { id, status, group, tries, lastError } = item
  return { id, status, group, tries, parkedAt: shown(item.parkedAt), dueAt: shown(item.dueAt), lastError }
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

function onOneLine(text: string): string {
  return harmless(text).replaceAll(/\s+/g, ' ')
}

function shown(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}

function settingsOrWrongCall(): Environment {
  try {
    return settingsHere(process.env, (line) => void process.stderr.write(`${harmless(line)}\n`))
  } catch (error) {
    throw new UsageError(reasonOf(error))
  }
}
