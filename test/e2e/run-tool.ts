import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Output {
  stdout: string
  stderr: string
}

/** A tool of .build/ that runs; everything that it prints is kept. */
export interface RunningTool {
  readonly child: ChildProcess
  readonly output: Output
  /** Resolves with the first match in standard output, or in both streams. Rejects when the process ends, or after 40 s. */
  readonly seen: (pattern: RegExp, where?: 'stdout' | 'stderr') => Promise<RegExpMatchArray>
  readonly exit: Promise<number | null>
  readonly interrupt: () => Promise<number | null>
}

const LONGEST_MS = 40_000

export function runTool(
  file: string,
  args: readonly string[],
  options: {
    readonly cwd: string
    readonly env?: Readonly<Record<string, string>>
    readonly input?: string
    /** The Node.js binary, if not this one. */
    readonly node?: string
  },
): RunningTool {
  const { PATH = '' } = process.env
  const child = spawn(options.node ?? process.execPath, [file, ...args], {
    cwd: options.cwd,
    env: { PATH, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(options.input ?? '')
  const output: Output = { stdout: '', stderr: '' }
  const changed = new Set<() => void>()
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      output[stream] += chunk
      changed.forEach((look) => look())
    })
  }
  const exit = once(child, 'close').then(([code]) => code as number | null)
  const seen: RunningTool['seen'] = (pattern, where = 'stdout') =>
    new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        done()
        reject(new Error(`${why} without ${String(pattern)}:\n${output.stdout}\n${output.stderr}`))
      }
      const timer = setTimeout(() => fail(`${LONGEST_MS} ms passed`), LONGEST_MS)
      const done = (): void => {
        clearTimeout(timer)
        changed.delete(look)
      }
      const look = (): void => {
        const match = pattern.exec(output[where])
        if (match === null) return
        done()
        resolve(match)
      }
      changed.add(look)
      void exit.then(() => fail('the process ended'))
      look()
    })
  return {
    child,
    output,
    seen,
    exit,
    interrupt: () => {
      child.kill('SIGINT')
      return exit
    },
  }
}
