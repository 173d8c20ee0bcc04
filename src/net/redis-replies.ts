import type { Grammar } from './follow'

/** Bytes: of a status, a number or an error; of one value; of a whole answer, such as the list of what is parked. */
const LONGEST_LINE = 16_384
const LONGEST_VALUE = 64 * 2 ** 20
const LONGEST_ANSWER = 96 * 2 ** 20
/** The client makes room for as many as are announced, before the first of them has come. */
const MOST_ELEMENTS = 4_000_000
/** What the client reads by calling itself. */
const DEEPEST = 32

/** What a Redis server answers (RESP 2, redis.io/docs/latest/develop/reference/protocol-spec), within bounds. */
export function* redisReplies(): Grammar {
  for (;;) {
    let bytes = 0
    let elements = 0
    /** How many values are still to come of the answer, and of each list within it. */
    const open = [1]
    while (open.length > 0) {
      const line = (yield { line: LONGEST_LINE }).toString('latin1')
      const left = (open.pop() ?? 1) - 1
      if (left > 0) open.push(left)
      bytes += line.length
      if (line.startsWith('$')) {
        const length = lengthIn(line, LONGEST_VALUE)
        bytes += length
        if (length >= 0) yield { skip: length + 2 }
      } else if (line.startsWith('*')) {
        const length = lengthIn(line, MOST_ELEMENTS)
        elements += length
        if (length > 0) open.push(length)
      } else if (!/^[-+:]/.test(line)) throw new Error('what answers there is no Redis server')
      if (bytes > LONGEST_ANSWER || elements > MOST_ELEMENTS || open.length > DEEPEST)
        throw new Error('the server sends more than Redis would')
    }
  }
}

/** -1: none. */
function lengthIn(line: string, most: number): number {
  const length = /^.(?:\d{1,10}|-1)$/.test(line) ? Number(line.slice(1)) : Infinity
  if (length > most) throw new Error('the server sends more than Redis would')
  return length
}
