import { parseArgs } from 'node:util'
import { openLog, openParts } from '../app'
import { ConfigError, type Environment, readConfig } from '../config'
import type { RelayParts } from '../relay/parts'
import { openStore } from '../stores/open-store'
import type { ItemHeader, ParkedItem, Store } from '../stores/store'
import { redeliver } from '../sweep/redeliver'
import { credentialsOf } from '../tencent/credentials'
import { harmless } from './harmless'
import { textTable } from './text-table'

const HELP = `npm run outbox -- COMMAND [--json]

  list                  what waits, what was given up (dead), what could not be read (quarantined)
  show ID               one item, whole
  redeliver ID…         try now, from here, if QUEUE_URL / ALERT_URLS are set; else mark it due for the function's next sweep
  redeliver --all       every waiting and every dead item (quarantined ones only by their id)
  drop ID…              forget an item: it will not be delivered

  --json                for programs: show prints an object, the others an array
  STORE_URL says which store: file:.relay/store when unset. redis: and cos: as the function has it.
  Exit code: 0 when all was done, 1 when something was not, 2 when the call is wrong.
`

const LEASE_MS = 30_000

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
    console.error(`outbox: ${(error as Error).message}`)
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
  const store = await openStore(env['STORE_URL']?.trim() || 'file:.relay/store', context).catch(
    (error: unknown) => {
      throw new UsageError(`STORE_URL: ${(error as Error).message}`)
    },
  )
  try {
    switch (command) {
      case 'list':
        if (ids.length > 0) throw new UsageError('list takes no ID: show does')
        return print(await store.list(), values.json ?? false)
      case 'show':
        return show(await the(store, onlyOne(ids)), values.json ?? false)
      case 'drop':
        return report(await each(atLeastOne(ids), (id) => drop(store, id)), values.json ?? false)
      case 'redeliver': {
        const parts = await targetsOf(env, store)
        try {
          const results = values.all
            ? await redeliverAll(store, parts, ids)
            : await each(atLeastOne(ids), (id) => redeliverOne(store, parts, id))
          return report(results, values.json ?? false)
        } finally {
          await closeTargets(parts)
        }
      }
      default:
        throw new UsageError(`no command is called ${command}`)
    }
  } finally {
    await store.close()
  }
}

function print(items: readonly ItemHeader[], json: boolean): number {
  if (json) console.log(JSON.stringify(items.map(readable), null, 2))
  else if (items.length === 0) console.log('The outbox is empty.')
  else {
    const rows = items.map((item) => [
      item.id,
      item.status,
      shown(item.parkedAt),
      String(item.tries),
      item.status === 'waiting' ? shown(item.dueAt) : '-',
      onOneLine(item.lastError ?? '-').slice(0, 80),
    ])
    console.log(textTable(['id', 'status', 'since', 'tries', 'next try', 'last error'], rows))
    console.log(`\n${counted(items)}`)
  }
  return 0
}

function show(item: ParkedItem, json: boolean): number {
  const { parcel } = item
  const body =
    'bodyBase64' in parcel ? { body: Buffer.from(parcel.bodyBase64, 'base64').toString('utf8') } : {}
  if (json) {
    console.log(JSON.stringify({ ...readable(item), parcel, ...body }, null, 2))
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
  console.log(`\n${harmless(body.body ?? JSON.stringify(parcel, null, 2))}`)
  return 0
}

/** The queue and channels of this environment; null when it names none: then the function's own sweep must deliver. */
async function targetsOf(env: Environment, store: Store): Promise<RelayParts | null> {
  if (!env['QUEUE_URL']?.trim() && !env['ALERT_URLS']?.trim()) return null
  const log = openLog({ ...env, LOG_LEVEL: 'silent' })
  const usable = {
    ...env,
    CALLBACK_TOKEN: env['CALLBACK_TOKEN'] ?? 'unused',
    RELAY_LOCAL: '1',
    STORE_URL: '',
  }
  try {
    return { ...(await openParts(readConfig(usable), usable, log)), store }
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error
  }
}

async function closeTargets(parts: RelayParts | null): Promise<void> {
  const open = [parts?.queue, ...(parts?.channels ?? []).map(({ channel }) => channel)]
  await Promise.all(open.map(async (part) => part?.close()))
}

/** Every waiting and every dead item, the oldest first; none overtakes one of its group that failed. */
async function redeliverAll(
  store: Store,
  parts: RelayParts | null,
  ids: readonly string[],
): Promise<readonly Result[]> {
  if (ids.length > 0) throw new UsageError('give IDs or --all, not both')
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
  const item = await store.take(id, LEASE_MS)
  if (item === null) return { id, done: false, note: 'not there, or a sweep is just at it' }
  if (parts === null) {
    await store.park({ ...item, status: 'waiting', dueAt: Date.now() })
    return { id, done: true, note: "due now: the function's next sweep tries it" }
  }
  const failure = await redeliver(parts, item)
  if (failure === null) {
    await store.remove(id)
    return { id, done: true, note: 'delivered' }
  }
  await store.park({ ...item, tries: item.tries + 1, lastError: failure.message })
  return { id, done: false, note: failure.message }
}

async function drop(store: Store, id: string): Promise<Result> {
  const item = await store.take(id, LEASE_MS)
  if (item === null) return { id, done: false, note: 'not there, or a sweep is just at it' }
  await store.remove(id)
  return { id, done: true, note: 'dropped' }
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
  if (json) console.log(JSON.stringify(results, null, 2))
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
  if (item === null) throw new Error(`no item has the id ${id}`)
  return item
}

function onlyOne(ids: readonly string[]): string {
  const [id, ...rest] = ids
  if (id === undefined || rest.length > 0) throw new UsageError('give one ID')
  return id
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
