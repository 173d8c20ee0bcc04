import type { Inspect } from './guarded-socket'

/** What is to come next: so many bytes, to be seen or to be passed over, or a line that ends in CR LF, which is seen without its end. */
export type Next = { readonly see: number } | { readonly skip: number } | { readonly line: number }

/** What a peer may send, as a generator that asks for one piece after the other and throws at one that it would not send. */
export type Grammar = Generator<Next, never, Buffer>

const CR = 13
const LF = 10

/** Holds what a peer sends to a grammar. No more of it is kept than one piece that is seen; a line over its limit is a fault. */
export function follow(grammar: Grammar): Inspect {
  const nothing = Buffer.alloc(0)
  let next = grammar.next(nothing).value
  let kept: Buffer = nothing
  let skipped = 0

  const seen = (piece: Buffer): void => {
    kept = nothing
    skipped = 0
    next = grammar.next(piece).value
  }
  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      if ('skip' in next) {
        const step = Math.min(next.skip - skipped, chunk.length - at)
        skipped += step
        at += step
        if (skipped === next.skip) seen(nothing)
        continue
      }
      const rest = chunk.subarray(at)
      const end = 'see' in next ? next.see - kept.length : rest.indexOf(LF) + 1
      const part = end > 0 && end <= rest.length ? rest.subarray(0, end) : rest
      const piece: Buffer = kept.length === 0 ? part : Buffer.concat([kept, part])
      at += part.length
      if ('line' in next) {
        if (piece.length > next.line + 2) throw new Error('it sends a line that does not end')
        if (piece.at(-1) === LF) {
          if (piece.indexOf(CR) !== piece.length - 2)
            throw new Error('it sends a line that does not end in CR LF')
          seen(piece.subarray(0, -2))
        } else kept = Buffer.from(piece)
      } else if (piece.length === next.see) seen(piece)
      else kept = Buffer.from(piece)
    }
  }
}
