import { monotonicMs } from '../net/monotonic-ms'

/** How long each stage of a callback took, in ms with one decimal. */
export interface Stopwatch {
  time<T>(stage: string, run: () => T): T
  read(): Readonly<Record<string, number>>
}

export function startStopwatch(): Stopwatch {
  const start = monotonicMs()
  const stages: Record<string, number> = {}
  const note = (stage: string, from: number): void => {
    stages[stage] = rounded((stages[stage] ?? 0) + monotonicMs() - from)
  }
  return {
    time(stage, run) {
      const from = monotonicMs()
      const result = run()
      if (result instanceof Promise) return result.finally(() => note(stage, from)) as typeof result
      note(stage, from)
      return result
    },
    read: () => ({ ...stages, total: rounded(monotonicMs() - start) }),
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10
}
