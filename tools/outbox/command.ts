import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { type Environment, tokensIn } from '../../src/config/read-config'
import { blanking } from '../../src/net/blanked'
import { reasonOf } from '../../src/net/reason-of'
import { storeFolderOf } from '../../src/stores/file'
import { openStore } from '../../src/stores/open-store'
import type { ParkedItem, Store } from '../../src/stores/store'
import { patientStore } from '../../src/sweep/patient-store'
import { credentialsOf } from '../../src/tencent/credentials'
import { newCommand, notEmpty, UsageError } from '../cli/command'
import { harmless } from '../local/harmless'
import { settingsHere } from '../local/settings-here'
import { textTable } from '../local/text-table'
import { listItems } from './list-items'
import { nextSweep } from './next-sweep'
import { onOneLine, printJson, type WithoutTokens } from './print'
import { closeTargets, drop, redeliverAll, redeliverOne, type Result, targetsOf } from './redeliver-items'
import { showItem } from './show-item'

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

/** For one call of a store that may hang. */
const CALL_MS = 15_000

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
  const withoutTokens = blanking(tokensIn(env['CALLBACK_TOKEN']))
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
        await listItems(await there(), json, values.all ? 'all' : (values.from ?? ''), withoutTokens)
        return 0
      case 'show': {
        const id = onlyOne(ids)
        showItem(await the(await there(), id), json, withoutTokens)
        return 0
      }
      case 'drop': {
        const named = atLeastOne(ids)
        await there()
        return report(await each(named, (id) => drop(store, id)), json, withoutTokens)
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
          return report(results, json, withoutTokens)
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

async function the(store: Store, id: string): Promise<ParkedItem> {
  const item = await store.read(id)
  if (item !== null) return item
  // Whether it is there at all.
  const turn = await store.take(id, 1)
  throw new Error(turn === 'unreadable' ? `the item ${id} cannot be read` : `no item has the id ${id}`)
}

async function each(
  ids: readonly string[],
  act: (id: string) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (const id of ids) results.push(await act(id))
  return results
}

function report(results: readonly Result[], json: boolean, withoutTokens: WithoutTokens): number {
  if (json) printJson(results, withoutTokens)
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

function settingsOrWrongCall(): Environment {
  try {
    return settingsHere(process.env, (line) => void process.stderr.write(`${harmless(line)}\n`))
  } catch (error) {
    throw new UsageError(reasonOf(error))
  }
}
