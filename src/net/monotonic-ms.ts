/** Milliseconds since some time in the past, never going back. (`performance` costs a cold start more than a signature does.) */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}
