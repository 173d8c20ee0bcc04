import { fork } from 'node:child_process'
import { resolve } from 'node:path'
import type { IntegratedResponse } from '@tencentcloud/serverless-nodejs-types'
import type { SweepReport } from '../../src/sweep/sweep'

/** A process that serves the built function. */
export interface Worker {
  readonly ready: Promise<void>
  /** The handler's answer; never settles when the process is killed before. */
  handle(event: unknown, instance?: number): Promise<IntegratedResponse>
  sweep(): Promise<SweepReport>
  /** What went wrong unhandled. */
  readonly faults: readonly string[]
  /** What it wrote to its log, a line an item. */
  log(): readonly LogLine[]
  /** kill -9; resolves when the process is gone. Answers that are still on their way are lost. */
  kill(): Promise<void>
}

export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

interface Message {
  readonly ready?: true
  readonly fault?: string
  readonly call?: number
  readonly answer?: unknown
}

/** Starts a process with so many instances of the function in it, all with this environment. */
export function startWorker(env: Readonly<Record<string, string>>, instances = 1): Worker {
  const bundle = process.env['RELAY_BUNDLE'] ?? ''
  const child = fork(resolve(__dirname, 'serve-bundle.cjs'), [bundle, String(instances)], {
    env: { PATH: process.env['PATH'], ...env },
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    execArgv: [],
  })
  const calls = new Map<number, (answer: unknown) => void>()
  const faults: string[] = []
  let output = ''
  let lastCall = 0
  let isKilled = false
  let markReady: () => void
  const ready = new Promise<void>((done) => (markReady = done))
  const gone = new Promise<void>((done) => child.once('close', () => done()))

  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.on('error', (error) => faults.push(String(error)))
  child.on('message', (message: Message) => {
    if (isKilled) return
    if (message.ready) markReady()
    if (message.fault !== undefined) faults.push(message.fault)
    if (message.call === undefined) return
    calls.get(message.call)?.(message.answer)
    calls.delete(message.call)
  })
  const call = async (handler: string, event: unknown, instance: number): Promise<unknown> =>
    new Promise((answered) => {
      const number = (lastCall += 1)
      calls.set(number, answered)
      child.send({ call: number, handler, event, instance }, (error) => {
        if (error !== null && !isKilled) faults.push(String(error))
      })
    })

  return {
    ready,
    faults,
    handle: async (event, instance = 0) =>
      (await call('main_handler', event, instance)) as IntegratedResponse,
    sweep: async () => (await call('sweep_handler', {}, 0)) as SweepReport,
    log: () =>
      output
        .slice(0, output.lastIndexOf('\n') + 1)
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as LogLine),
    async kill() {
      isKilled = true
      child.kill('SIGKILL')
      await gone
    },
  }
}
