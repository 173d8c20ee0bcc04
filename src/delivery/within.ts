/**
 * Runs something that may hang for at most `ms`: its signal aborts then, and the promise rejects with `late()` whether it listens or not.
 */
export function within<T>(
  ms: number,
  run: (signal: AbortSignal) => Promise<T>,
  late: () => Error,
): Promise<T> {
  const controller = new AbortController()
  return inTime(ms, run(controller.signal), () => {
    controller.abort()
    return late()
  })
}

/**
 * Waits for a promise for at most `ms`, then rejects with `late()`; what it waited for goes on unheard. An answer that lies in a socket
 * already, unread because the process was busy (a cold start), still counts: it is read before the verdict.
 */
export function inTime<T>(ms: number, promise: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    let verdict: NodeJS.Immediate | undefined
    const timer = setTimeout(() => {
      verdict = setImmediate(() => reject(late()))
    }, ms)
    const stop = (): void => {
      clearTimeout(timer)
      clearImmediate(verdict)
    }
    promise.then(
      (value) => {
        stop()
        resolve(value)
      },
      (error: unknown) => {
        stop()
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- handed on as it came
        reject(error)
      },
    )
  })
}
