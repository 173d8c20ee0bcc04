import { writeSync } from 'node:fs'
import { constants } from 'node:os'
import { explain } from '../failure'
import { pause } from './pause'

/** A workflow in use, as far as it has to be off for a while. */
export interface ActiveWorkflow {
  readonly disable: () => Promise<void>
  readonly enable: () => Promise<void>
  readonly isEnabled: () => Promise<boolean>
  /** The command that enables it by hand. */
  readonly remedy: string
}

/** Told when a workflow of somebody's production stays off. */
class StillDisabledError extends Error {
  readonly code = 'WorkflowDisabled'
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Pauses between the tries to enable it again, in ms. */
const PAUSES = [1000, 2000, 4000]

/**
 * Runs `change` while a workflow is disabled, and enables it again whatever happens: when a step is refused, when its answer is lost, when
 * this process is told to end, which it does once the workflow is on. Should even that fail, the error says with which command to do it.
 */
export async function whileDisabled(workflow: ActiveWorkflow, change: () => Promise<void>): Promise<void> {
  const interruption = holdSignals()
  const warn = (): void => void writeSync(2, `\n${lastWords(workflow, 'this process ended')}\n`)
  process.once('exit', warn)
  let failure: unknown = null
  try {
    await workflow.disable()
    if (interruption.signal() === null) await change()
  } catch (error) {
    failure = error
  }
  const whyOff = await enableAgain(workflow)
  process.off('exit', warn)
  interruption.release()

  const signal = interruption.signal()
  if (signal !== null) {
    const words = whyOff === null ? 'The workflow is enabled again.' : lastWords(workflow, explain(whyOff))
    writeSync(2, `\nInterrupted (${signal}). ${words}\n`)
    process.exit(128 + constants.signals[signal])
  }
  if (whyOff !== null) {
    const first = failure === null ? '' : `\nBefore that: ${explain(failure)}`
    throw new StillDisabledError(`${lastWords(workflow, explain(whyOff))}${first}`)
  }
  if (failure !== null) throw failure as Error
}

function lastWords({ remedy }: ActiveWorkflow, why: string): string {
  return `THE WORKFLOW IS STILL DISABLED and processes nothing (${why}). Enable it now: \`${remedy}\`, or in CI's console.`
}

/** Null when it is on; else why it is not. An answer that was lost may have been a yes. */
async function enableAgain({ enable, isEnabled }: ActiveWorkflow): Promise<unknown> {
  for (let tries = 0; ; tries++) {
    try {
      await enable()
      return null
    } catch (error) {
      if (await isEnabled().catch(() => false)) return null
      const wait = PAUSES[tries]
      if (wait === undefined) return error
      await pause(wait)
    }
  }
}

/** Until `release`, no signal ends this process, nor does a terminal that is gone. */
function holdSignals(): {
  readonly signal: () => (typeof SIGNALS)[number] | null
  readonly release: () => void
} {
  let signal: (typeof SIGNALS)[number] | null = null
  const hold = (name: (typeof SIGNALS)[number]): void => void (signal ??= name)
  const bear = (): void => undefined
  for (const name of SIGNALS) process.on(name, hold)
  for (const stream of [process.stdout, process.stderr]) stream.on('error', bear)
  return {
    signal: () => signal,
    release: () => {
      for (const name of SIGNALS) process.off(name, hold)
      for (const stream of [process.stdout, process.stderr]) stream.off('error', bear)
    },
  }
}
