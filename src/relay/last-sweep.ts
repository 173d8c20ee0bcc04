/** The note that says when the last sweep ended. Each callback's claim brings it. */
export const LAST_SWEEP = 'last-sweep'

/** The note that the team was told of a sweep that does not run: since when, in ms since the epoch. The first one that runs takes it away. */
export const LATE_SWEEP_TOLD = 'late-sweep-told'
/** The claim on telling of it, and where a channel knows incidents, its name there. */
export const LATE_SWEEP_INCIDENT = 'late-sweep'

/** What the note says, in ms since the epoch. `unswept`: no sweep has ended yet, and the store has been in use since then. */
export interface LastSweep {
  readonly kind: 'swept' | 'unswept'
  readonly at: number
}

/** The note of a sweep that ended at `now`: the ms since the epoch. */
export function sweptAt(now: number): string {
  return String(now)
}

/** The note of a store that was never swept: a sign in front of the time, so that it is read as one all the same. */
export function unsweptSince(now: number): string {
  return `+${now}`
}

/** Null for what says nothing: no note, or none of the two forms. */
export function lastSweepIn(note: string | null): LastSweep | null {
  const [, sign, digits] = /^(\+?)(\d{1,15})$/.exec(note ?? '') ?? []
  return digits === undefined ? null : { kind: sign === '' ? 'swept' : 'unswept', at: Number(digits) }
}

/** When the last sweep ended, as RFC 3339; null: none has, as far as the note knows. */
export function lastSweepTime(note: string | null): string | null {
  const last = lastSweepIn(note)
  return last?.kind === 'swept' ? new Date(last.at).toISOString() : null
}
