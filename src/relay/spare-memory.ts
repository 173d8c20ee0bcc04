/** Characters. What a shorter body is made into is little beside what Node.js itself takes. */
const LONG = 1024 * 1024

let isSparing = false

/**
 * Before a long body is read: V8 lets the space for new objects grow to twice 16 MB when many of them live on, as a body's do; in the function's
 * 128 MB that is a quarter. From now on it stays as it is, which costs a few more short collections. (The cloud does not let us choose flags at
 * the start.)
 */
export async function spareMemoryFor(body: string): Promise<void> {
  if (isSparing || body.length < LONG) return
  const { setFlagsFromString } = await import('node:v8')
  setFlagsFromString('--semi-space-growth-factor=1')
  isSparing = true
}
