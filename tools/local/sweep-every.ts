import { LATE_SWEEP } from '../../src/config/read-config'

export interface Sweeping {
  close(): void
}

/** The seconds of `--sweep`. Throws an Error that says what is allowed. */
export function secondsOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1) return Number(text)
  throw new Error(`--sweep takes whole seconds, from 1 to 99999; the cloud's timer has 300`)
}

/** After how many seconds a sweep is late, of one that runs every so many. */
export function lateAfter(seconds: number): number {
  return Math.max(LATE_SWEEP, 3 * seconds)
}

/** Runs `sweep` every so many seconds, never two at once; what it throws goes to `onFault`, and the next one comes all the same. */
export function sweepEvery(
  seconds: number,
  sweep: (event: unknown) => Promise<unknown>,
  onFault: (text: string) => void,
): Sweeping {
  let isRunning = false
  const timer = setInterval(() => {
    if (isRunning) return
    isRunning = true
    sweep({
      Type: 'Timer',
      TriggerName: `every-${seconds}-seconds`,
      Time: new Date().toISOString(),
      Message: '',
    })
      .catch((error: unknown) => onFault(`the sweep failed: ${String(error)}`))
      .finally(() => (isRunning = false))
  }, seconds * 1000)
  return { close: () => clearInterval(timer) }
}
