/**
 * Runs something that may hang for at most `ms`: its signal aborts then, and the promise rejects with `late()` whether it listens or not.
 */
export async function within<T>(
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
export async function inTime<T>(ms: number, promise: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    let verdict: NodeJS.Immediate | undefined
    const timer = setTimeout(() => {
      verdict = setImmediate(() => reject(late()))
    }, ms)
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      clearImmediate(verdict)
    })
  })
}
