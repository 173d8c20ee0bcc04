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

/** Waits for a promise for at most `ms`, then rejects with `late()`; what it waited for goes on unheard. */
export async function inTime<T>(ms: number, promise: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
