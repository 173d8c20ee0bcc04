import { stat } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { openLog, openParts } from '../app'
import { ConfigError, type Environment, readConfig, tokensIn } from '../config'
import { Deadline } from '../delivery/deadline'
import { revived } from '../relay/after-failure'
import { DEADLINES } from '../relay/deadlines'
import { failedItem } from '../relay/deliver-or-park'
import type { RelayParts } from '../relay/parts'
import { blanking } from '../delivery/blanked'
import { reasonOf } from '../delivery/reason-of'
import { storeFolderOf } from '../stores/file'
import { openStore } from '../stores/open-store'
import type { ItemHeader, ParkedItem, Store, Stray } from '../stores/store'
import { patientStore } from '../sweep/patient-store'
import { redeliver } from '../sweep/redeliver'
import { credentialsOf } from '../tencent/credentials'
import { harmless, harmlessJson } from './harmless'
import { textTable } from './text-table'

const HELP = `npm run outbox -- COMMAND [--json]

  list                  what waits, what was given up (dead), which bodies could not be read (quarantined),
                        and what lies in the store that it cannot read itself (unreadable)
  show ID               one item, whole
  redeliver ID…         try now, from here, if QUEUE_URL / ALERT_URLS are set; else mark it due for the function's next sweep
  redeliver --all       every waiting and every dead item (quarantined ones only by their id)
  drop ID…              forget an item: it will not be delivered

  --json                for programs: show prints an object, the others an array
  STORE_URL says which store: file:.relay/store when unset. redis: and cos: as the function has it.
  Exit code: 0 when all was done, 1 when something was not, 2 when the call is wrong.
`

const LEASE_MS = 30_000
/** For one call of a store that may hang. */
const CALL_MS = 15_000
/** Up to so many items are read whole to list them, so that one that cannot be is named. */
const READ_AT_MOST = 2_000

/** A body may name its own callback URL: where the environment says which tokens there are, none of them is printed. */
let withoutTokens = (text: string): string => text

function withoutTokensInBody(parcel: ParkedItem['parcel']): ParkedItem['parcel'] {
  if (!('bodyBase64' in parcel)) return parcel
  const body = Buffer.from(parcel.bodyBase64, 'base64').toString('utf8')
  const clean = withoutTokens(body)
  return clean === body ? parcel : { ...parcel, bodyBase64: Buffer.from(clean).toString('base64') }
}

/** A call that is wrong, or an environment that is: said to the person, without a stack. */
class UsageError extends Error {}

interface Result {
  readonly id: string
  readonly done: boolean
  readonly note: string
}

export async function main(argv: readonly string[], env: Environment): Promise<number> {
  try {
    return await run(argv, env)
  } catch (error) {
    const wrongCall =
      error instanceof UsageError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')
    console.error(harmless(`outbox: ${sentenceOf(error)}`))
    if (wrongCall) console.error('See: npm run outbox -- --help')
    return wrongCall ? 2 : 1
  }
}

async function run(argv: readonly string[], env: Environment): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { json: { type: 'boolean' }, all: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  })
  const [command, ...ids] = positionals
  if (values.help || command === undefined) {
    console.log(HELP)
    return values.help ? 0 : 2
  }
  if (values.all && command !== 'redeliver') throw new UsageError('--all goes with redeliver only')
  const context = { credentials: () => credentialsOf(env), region: env['COS_REGION'] ?? null }
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
        return await list(await there(), json)
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
          const results = values.all
            ? await redeliverAll(store, parts)
            : await each(named, (id) => redeliverOne(store, parts, id))
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

async function list(store: Store, json: boolean): Promise<number> {
  const items = await store.list()
  if (items.length <= READ_AT_MOST) for (const { id } of items) await store.read(id)
  const strays = await store.strays()
  return print(items, strays, json)
}

function print(items: readonly ItemHeader[], strays: readonly Stray[], json: boolean): number {
  if (json) {
    printJson([
      ...items.map(readable),
      ...strays.map(({ place, problem }) => ({ id: null, status: 'unreadable', place, lastError: problem })),
    ])
    return 0
  }
  if (items.length === 0) console.log('The outbox is empty.')
  else {
    const rows = items.map((item) => [
      harmless(item.id),
      item.status,
      shown(item.parkedAt),
      String(item.tries),
      item.status === 'waiting' ? shown(item.dueAt) : '-',
      onOneLine(item.lastError ?? '-').slice(0, 80),
    ])
    console.log(textTable(['id', 'status', 'since', 'tries', 'next try', 'last error'], rows))
    console.log(`\n${counted(items)}`)
  }
  if (strays.length > 0) {
    console.log('\nIn the store, but unreadable; passed over, and left for you to look at:\n')
    const rows = strays.map(({ place, problem }) => [onOneLine(place), onOneLine(problem)])
    console.log(textTable(['where', 'why'], rows))
  }
  return 0
}

function printJson(value: unknown): void {
  console.log(harmlessJson(withoutTokens(JSON.stringify(value, null, 2))))
}

function show(item: ParkedItem, json: boolean): number {
  const { parcel } = item
  const body =
    'bodyBase64' in parcel ? { body: Buffer.from(parcel.bodyBase64, 'base64').toString('utf8') } : {}
  if (json) {
    printJson({ ...readable(item), parcel: withoutTokensInBody(parcel), ...body })
    return 0
  }
  const facts = [
    ['id', item.id],
    ['status', item.status],
    ['since', shown(item.parkedAt)],
    ['tries', String(item.tries)],
    ['next try', item.status === 'waiting' ? shown(item.dueAt) : '-'],
    ['last error', item.lastError ?? '-'],
    ['kind', parcel.kind],
  ]
  console.log(facts.map(([name = '', value = '']) => name.padEnd(12) + onOneLine(value)).join('\n'))
  console.log(`\n${harmless(withoutTokens(body.body ?? JSON.stringify(parcel, null, 2)))}`)
  return 0
}

/** The queue and channels of this environment; null when it names none: then the function's own sweep must deliver. */
async function targetsOf(env: Environment, storeUrl: string, store: Store): Promise<RelayParts | null> {
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

function closeTargets(parts: RelayParts | null): void {
  parts?.queue?.close?.()
  for (const { channel } of parts?.channels ?? []) channel.close?.()
}

/** Every waiting and every dead item, the oldest first; none overtakes one of its group that failed. */
async function redeliverAll(store: Store, parts: RelayParts | null): Promise<readonly Result[]> {
  const failedAt = new Map<string, string>()
  const results: Result[] = []
  for (const { id, group, status } of await store.list()) {
    if (status === 'quarantined') continue
    const ahead = failedAt.get(group)
    const result =
      ahead === undefined
        ? await redeliverOne(store, parts, id)
        : { id, done: false, note: `waits behind ${ahead}` }
    if (!result.done && ahead === undefined) failedAt.set(group, id)
    results.push(result)
  }
  return results
}

async function redeliverOne(store: Store, parts: RelayParts | null, id: string): Promise<Result> {
  const taken = await store.take(id, LEASE_MS)
  if (taken === null || taken === 'unreadable') return { id, done: false, note: notTaken(taken) }
  const now = Date.now()
  const item = revived(taken, now)
  if (parts === null) {
    await store.park({ ...item, status: 'waiting', dueAt: now })
    return { id, done: true, note: "due now: the function's next sweep tries it" }
  }
  const failure = await redeliver(parts, item, Deadline.in(DEADLINES.patient))
  if (failure === null) {
    await store.remove(id)
    return { id, done: true, note: 'delivered' }
  }
  const { status, lastError, ...failed } = failedItem(parts, item, failure, now)
  // What could not be read is never due: a person decides again.
  await store.park({ ...failed, lastError, status: item.status === 'quarantined' ? item.status : status })
  return { id, done: false, note: failure.message }
}

async function drop(store: Store, id: string): Promise<Result> {
  const item = await store.take(id, LEASE_MS)
  if (item === null) return { id, done: false, note: notTaken(item) }
  await store.remove(id)
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
  if (item === null) {
    const isListed = (await store.list()).some((header) => header.id === id)
    throw new Error(isListed ? `the item ${id} cannot be read` : `no item has the id ${id}`)
  }
  return item
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
function counted(items: readonly ItemHeader[]): string {
  const statuses = [...new Set(items.map(({ status }) => status))]
  return statuses
    .map((status) => `${String(items.filter((item) => item.status === status).length)} ${status}`)
    .join(', ')
}

function onOneLine(text: string): string {
  return harmless(text).replaceAll(/\s+/g, ' ')
}

function shown(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}

void main(process.argv.slice(2), process.env).then((code) => {
  process.exitCode = code
})
