import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { validateMessage } from '../support/schema'
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder'
import { type BuiltProject, builtProject } from './built-project'
import { type RunningTool, runTool } from './run-tool'

export type Fields = Readonly<Record<string, unknown>>

export interface Served {
  readonly gateway: RunningTool
  /** `http://127.0.0.1:PORT`, as the banner says it. */
  readonly origin: string
  readonly port: number
  /** What stands for the token in the URL of the banner. */
  readonly token: string
}

export interface LocalTools {
  readonly project: BuiltProject
  /** Where the tools run: a folder of the test's own. */
  readonly folder: TemporaryFolder
  readonly tool: (
    name: 'start' | 'invoke',
    args?: readonly string[],
    env?: Readonly<Record<string, string>>,
    input?: string,
  ) => RunningTool
  /** `npm start`, ready. */
  readonly serve: (
    env?: Readonly<Record<string, string>>,
    args?: readonly string[],
    changes?: Partial<Parameters<typeof runTool>[2]>,
  ) => Promise<Served>
  readonly body: (name: string) => string
  /** The path of a sample event. */
  readonly event: (name: string) => string
  readonly queued: () => readonly Fields[]
}

/** The built local tools for the tests of a file: what they start is ended after each test. */
export function localTools(): LocalTools {
  let project: BuiltProject
  let folder: TemporaryFolder
  let running: RunningTool[]

  beforeAll(() => {
    project = builtProject()
  }, 60_000)
  afterAll(() => project.remove())
  beforeEach(() => {
    folder = temporaryFolder()
    running = []
  })
  afterEach(async () => {
    for (const { child, exit } of running) {
      child.kill('SIGKILL')
      await exit
    }
    folder.remove()
  })

  const run = (name: string, args: readonly string[], changes: Partial<Parameters<typeof runTool>[2]>) => {
    const started = runTool(join(project.path, '.build', 'relay.js'), [name, ...args], {
      cwd: folder.path,
      ...changes,
      env: { PORT: '0', ...changes.env },
    })
    running.push(started)
    return started
  }

  return {
    get project() {
      return project
    },
    get folder() {
      return folder
    },
    tool: (name, args = [], env = {}, input) =>
      run(name, args, { env, ...(input !== undefined && { input }) }),
    async serve(env = {}, args = [], changes = {}) {
      const gateway = run('start', args, { ...changes, env })
      const stream = args.includes('--json') ? 'stderr' : 'stdout'
      const [, origin = '', port, token = ''] = await gateway.seen(
        /Callback URL +(http:\/\/\S+:(\d+))\/(\S+)/,
        stream,
      )
      return { gateway, origin, port: Number(port), token }
    },
    body: (name) => readFileSync(join(project.path, 'events', 'bodies', name), 'utf8'),
    event: (name) => join(project.path, 'events', `${name}.json`),
    queued: () => {
      const events = linesOf(join(folder.path, '.relay', 'queue.jsonl'))
      events.forEach(validateMessage)
      return events
    },
  }
}

export function linesOf(path: string): readonly Fields[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

export async function post(
  url: string,
  payload: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: Fields }> {
  const answer = await fetch(url, { method: 'POST', body: new Uint8Array(Buffer.from(payload)), headers })
  return { status: answer.status, body: (await answer.json()) as Fields }
}

/** A connection on which anything can be said. */
export interface RawConnection {
  readonly socket: Socket
  /** What has come back. */
  readonly received: () => string
  /** Resolves with all that came back once it matches. Rejects when the connection ends without, or after 20 s. */
  readonly until: (pattern: RegExp) => Promise<string>
  /** Resolves with all that came back once the server has closed its side, or cut the connection. */
  readonly ended: Promise<string>
}

export function rawConnection(port: number, said: string, host = '127.0.0.1'): RawConnection {
  const socket = connect(port, host)
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  socket.on('error', () => {})
  socket.write(said)
  const ended = new Promise<string>((resolve) => {
    socket.once('end', () => resolve(text))
    socket.once('close', () => resolve(text))
  })
  return {
    socket,
    received: () => text,
    ended,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(
          () => reject(new Error(`20 s without ${String(pattern)}: ${text}`)),
          20_000,
        ).unref()
        const look = (): void => {
          if (!pattern.test(text)) return
          clearTimeout(late)
          resolve(text)
        }
        socket.on('data', look)
        void ended.then(() => {
          look()
          reject(new Error(`ended without ${String(pattern)}: ${text}`))
        })
        look()
      }),
  }
}
