/**
 * Runs something that may hang for at most `ms`: its signal aborts then, and the promise rejects with `late()` whether it listens or not.
 */
export async function within<T>(ms: number, run: (signal: AbortSignal) => Promise<T>, late: () => Error): Promise<T> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(late())
      controller.abort()
    }, ms)
  })
  try {
    return await Promise.race([run(controller.signal), tooLate])
  } finally {
    clearTimeout(timer)
  }
}
