import { parseArgs } from 'node:util'
import { openLog, openParts } from '../app'
import { type Environment, readConfig } from '../config'
import type { RelayParts } from '../relay/parts'
import { openStore } from '../stores/open-store'
import type { ItemHeader, ParkedItem, Store } from '../stores/store'
import { redeliver } from '../sweep/redeliver'
import { credentialsOf } from '../tencent/credentials'
import { textTable } from './text-table'

const HELP = `npm run outbox -- COMMAND [--json]

  list                  what waits, what was given up (dead), what could not be read (quarantined)
  show ID               one item, whole
  redeliver ID…         try now, from here, if QUEUE_URL / ALERT_URLS are set; else mark it due for the function's next sweep
  redeliver --all       every waiting and every dead item (quarantined ones only by their id)
  drop ID…              forget an item: it will not be delivered

  --json                for programs: list prints an array of items, the others one object an item
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
  const context = { credentials: () => credentialsOf(env), region: env['COS_REGION'] ?? null }
  const store = await openStore(env['STORE_URL']?.trim() || 'file:.relay/store', context).catch(
    (error: unknown) => {
      throw new UsageError(`STORE_URL: ${(error as Error).message}`)
    },
  )
  try {
    switch (command) {
      case 'list':
        return print(await store.list(), values.json ?? false)
      case 'show':
        return show(await the(store, onlyOne(ids)), values.json ?? false)
      case 'drop':
        return report(await each(atLeastOne(ids), (id) => drop(store, id)), values.json ?? false)
      case 'redeliver': {
        const chosen = values.all ? await allOf(store) : atLeastOne(ids)
        const parts = await targetsOf(env, store)
        return report(await each(chosen, (id) => redeliverOne(store, parts, id)), values.json ?? false)
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
  else
    console.log(
      textTable(
        ['id', 'status', 'since', 'tries', 'next try', 'last error'],
        items.map((item) => [
          item.id,
          item.status,
          shown(item.parkedAt),
          String(item.tries),
          item.status === 'waiting' ? shown(item.dueAt) : '',
          (item.lastError ?? '').slice(0, 80),
        ]),
      ),
    )
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
  console.log(facts.map(([name, value]) => `${String(name).padEnd(12)}${String(value)}`).join('\n'))
  console.log('body' in body ? `\n${body.body}` : `\n${JSON.stringify(parcel, null, 2)}`)
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
  return { ...(await openParts(readConfig(usable), usable, log)), store }
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
        results.map(({ id, done, note }) => [id, done ? 'yes' : 'NO', note]),
      ),
    )
  return results.every(({ done }) => done) ? 0 : 1
}

async function allOf(store: Store): Promise<readonly string[]> {
  return (await store.list()).filter(({ status }) => status !== 'quarantined').map(({ id }) => id)
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

function shown(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}

void main(process.argv.slice(2), process.env).then((code) => {
  process.exitCode = code
})
