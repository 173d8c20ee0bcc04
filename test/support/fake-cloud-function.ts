import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zipEntries } from './zip-entries'

/** Unpacks a function's zip into a new empty folder, and returns the folder. */
export function unpack(zip: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'fake-function-'))
  for (const { name, content } of zipEntries(zip)) {
    if (name.includes('..') || name.startsWith('/'))
      throw new Error(`${name}: not a name for a file in a zip`)
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), content())
  }
  return folder
}

export interface FunctionRun {
  /** What the handler returned, as JSON; null when it threw or never answered. */
  readonly answer: string | null
  readonly log: string
}

const RUNNER = `
const [handler, event, name] = process.argv.slice(1)
const [file, method] = handler.split('.')
const context = { request_id: 'fake-request', function_name: name, function_version: '$LATEST', namespace: 'default',
  memory_limit_in_mb: 128, time_limit_in_ms: 10000, getRemainingTimeInMillis: () => 10000, tencentcloud_region: 'ap-guangzhou' }
Promise.resolve(require(process.cwd() + '/' + file + '.js')[method](JSON.parse(event), context)).then(
  (answer) => process.send(JSON.stringify(answer) ?? 'null'),
  (error) => { console.error(error); process.exitCode = 1 },
)`

/** Runs a handler as the cloud would: in the unpacked folder, in a fresh process, with only its own environment. */
export async function runFunction(
  folder: string,
  handler: string,
  variables: Readonly<Record<string, string>>,
  event: string,
  name = 'function',
  /** What the platform adds: the role's keys. */
  platform: Readonly<Record<string, string>> = {},
): Promise<FunctionRun> {
  const child = spawn(process.execPath, ['-e', RUNNER, handler, event, name], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      ...variables,
      ...platform,
      SCF_FUNCTIONNAME: name,
      TENCENTCLOUD_REGION: 'ap-guangzhou',
      TENCENTCLOUD_RUNENV: 'SCF',
    },
    timeout: 15_000,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let answer: string | null = null
  const log: Buffer[] = []
  child.on('message', (message) => {
    answer = message as string
  })
  child.stdout?.on('data', (chunk: Buffer) => log.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => log.push(chunk))
  await once(child, 'close')
  return { answer, log: Buffer.concat(log).toString() }
}
