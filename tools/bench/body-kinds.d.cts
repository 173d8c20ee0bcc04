/** A name, the status of the answer, and the body of so many bytes. */
export type BodyKind = readonly [name: string, status: 200 | 400, make: (bytes: number) => string]
export const KINDS: readonly BodyKind[]
/** In bytes. */
export const LARGEST: number
