import type { IncomingMessage } from 'node:http'
import { LONGEST_BODY } from '../../src/relay/longest-body'

/** Four of the longest: each is held several times over on its way to the handler. */
const MOST_BYTES = 4 * LONGEST_BODY

/** `gone`: the client went away, or took too long. */
export type Body =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | { readonly kind: 'too-long' | 'too-many' | 'stopped' | 'gone' }

/** Bodies that are read and held, of bounded size together. */
export interface Bodies {
  /** Reads a body and holds it while `use` makes an answer of it. Nothing is read when its headers say that it is too long, or that there is no room. */
  readonly hold: <Answer>(
    request: IncomingMessage,
    use: (body: Body) => Promise<Answer>,
    beforeReading: () => void,
  ) => Promise<Answer>
  /** Gives up what is not whole yet. */
  readonly stop: () => void
}

export function holdBodies(): Bodies {
  let held = 0
  const incomplete = new Set<() => void>()

  return {
    async hold(request, use, beforeReading) {
      let mine = 0
      /** Room is kept by the length that the headers say; without one, by what has come. */
      const grow = (length: number): 'too-long' | 'too-many' | null => {
        if (length > LONGEST_BODY) return 'too-long'
        if (held - mine + length > MOST_BYTES) return 'too-many'
        held += length - mine
        mine = length
        return null
      }
      try {
        const refused = grow(Number(request.headers['content-length'] ?? 0))
        if (refused !== null) return await use({ kind: refused })
        beforeReading()
        return await use(await read(request, (length) => (length > mine ? grow(length) : null)))
      } finally {
        held -= mine
      }
    },
    stop: () => incomplete.forEach((giveUp) => giveUp()),
  }

  function read(
    request: IncomingMessage,
    grow: (length: number) => 'too-long' | 'too-many' | null,
  ): Promise<Body> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = []
      let length = 0
      const settle = (body: Body): void => {
        request.off('data', take).off('end', whole).off('close', gone)
        incomplete.delete(stopped)
        resolve(body)
      }
      const take = (chunk: Buffer): void => {
        length += chunk.length
        const refused = grow(length)
        if (refused === null) chunks.push(chunk)
        else settle({ kind: refused })
      }
      const whole = (): void => settle({ kind: 'whole', bytes: Buffer.concat(chunks) })
      const gone = (): void => settle({ kind: 'gone' })
      const stopped = (): void => settle({ kind: 'stopped' })
      // An error is followed by `close`.
      request
        .on('error', () => {})
        .on('data', take)
        .on('end', whole)
        .on('close', gone)
      incomplete.add(stopped)
    })
  }
}
