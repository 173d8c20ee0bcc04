import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const root = resolve(__dirname, '..', '..')
const examples = join(root, 'examples', 'consumers')
/** Below node_modules, for Node to find the project's packages from there. */
const cache = join(root, 'node_modules', '.cache', 'examples')

export type Transport = 'http' | 'amqp' | 'kafka' | 'redis'
/** CI runs the first two; `EXAMPLES=go,java npx jest test/examples` the others, with `go` and `mvn`. */
export const LANGUAGES = ['typescript', 'python', 'go', 'java'] as const
export type Language = (typeof LANGUAGES)[number]

/** A consumer of examples/ as a process of its own. */
export interface Consumer {
  /** The ids that it says it has worked on, in order. */
  worked(): readonly string[]
  /** Resolves once it has worked on this id. */
  hasWorked(id: string): Promise<void>
  printed(): string
  /** kill -9, as a machine that is lost; resolves when it is gone. */
  stop(): Promise<void>
}

/** Starts one, and resolves when it says that it is ready. `env` is all that it sees besides PATH. */
export async function startConsumer(
  language: Language,
  transport: Transport,
  env: Readonly<Record<string, string>>,
): Promise<Consumer> {
  const [command = '', ...args] = COMMANDS[language](transport)
  const child = spawn(command, args, { env: { PATH: process.env['PATH'], ...env } })
  const gone = once(child, 'close')
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const worked = (): readonly string[] =>
    output
      .slice(0, output.lastIndexOf('\n') + 1)
      .split('\n')
      .flatMap((line) =>
        line.startsWith('{"worked"') ? [(JSON.parse(line) as { worked: string }).worked] : [],
      )
  const until = (is: () => boolean, what: string): Promise<void> =>
    waitFor(is, child, () => `${what}: ${output}`)
  await until(() => output.includes('ready\n'), 'not ready')
  return {
    worked,
    hasWorked: (id) => until(() => worked().includes(id), `has not worked on ${id}`),
    printed: () => output,
    async stop() {
      child.kill('SIGKILL')
      await gone
    },
  }
}

async function waitFor(is: () => boolean, child: ChildProcess, what: () => string): Promise<void> {
  const end = Date.now() + 20_000
  while (!is()) {
    if (Date.now() > end || child.exitCode !== null) {
      child.kill('SIGKILL')
      throw new Error(`the consumer: ${what()}`)
    }
    await sleep(20)
  }
}

/** What is to be run, built where it must be. */
const COMMANDS: Readonly<Record<Language, (transport: Transport) => readonly string[]>> = {
  typescript: typescriptOf,
  python: (transport) => [
    join(pythonFolder(), 'bin', 'python'),
    join(examples, 'python', `${transport}_consumer.py`),
  ],
  go(transport) {
    const binary = join(cache, 'go', transport)
    execFileSync('go', ['build', '-o', binary, `./${transport}`], { cwd: join(examples, 'go') })
    return [binary]
  },
  java(transport) {
    const classes = join(cache, 'java')
    const list = join(classes, 'classpath.txt')
    const goals = ['compile', 'dependency:build-classpath', `-Dmdep.outputFile=${list}`]
    execFileSync('mvn', ['-q', '-B', `-DbuildFolder=${classes}`, ...goals], { cwd: join(examples, 'java') })
    const main = `${transport.charAt(0).toUpperCase()}${transport.slice(1)}Consumer`
    return ['java', '-cp', `${join(classes, 'classes')}:${readFileSync(list, 'utf8').trim()}`, main]
  },
}

function typescriptOf(transport: Transport): readonly string[] {
  const outfile = join(cache, 'typescript', `${transport}.mjs`)
  const source = join(examples, 'typescript', `${transport}.ts`)
  const how = ['--bundle', '--packages=external', '--platform=node', '--format=esm', '--log-level=error']
  execFileSync(require.resolve('esbuild/bin/esbuild'), [source, ...how, `--outfile=${outfile}`])
  return [process.execPath, outfile]
}

function pythonFolder(): string {
  const wanted = readFileSync(join(examples, 'python', 'requirements.txt'))
  return join(cache, `python-${createHash('sha256').update(wanted).digest('hex').slice(0, 16)}`)
}

/**
 * A suite that runs the examples in a language. Where Python or its packages cannot be had, it is skipped under a name that says so; with CI=true it fails, as
 * a suite without its server does (describeService).
 */
export function describeLanguage(language: Language, suite: () => void): void {
  const problem = language === 'python' ? installPython() : null
  if (problem === null) {
    describe(language, suite)
    return
  }
  const title = `${language} needs python3 with venv, and its package index: ${problem}`
  if (process.env['CI'] === 'true') {
    test(title, () => {
      throw new Error(title)
    })
  } else {
    test.skip(title, () => undefined)
  }
}

/** Installs what the examples in Python need, unless it is there. Null: done; else why it cannot be had. */
function installPython(): string | null {
  const folder = pythonFolder()
  if (existsSync(folder)) return null
  const making = `${folder}.${process.pid}`
  try {
    mkdirSync(cache, { recursive: true })
    const run = (command: string, ...args: readonly string[]): unknown =>
      execFileSync(command, args, { stdio: 'pipe', timeout: 300_000 })
    run('python3', '-m', 'venv', making)
    const requirements = join(examples, 'python', 'requirements.txt')
    run(join(making, 'bin', 'python'), '-m', 'pip', 'install', '--quiet', '--requirement', requirements)
    // In one step: a folder that is there is whole.
    renameSync(making, folder)
    return null
  } catch (error) {
    return (error as Error).message.split('\n').slice(0, 5).join(' ')
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
}
