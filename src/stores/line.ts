/** `waiting`: due at `dueAt`. `dead`: given up at `dueAt`, kept for a person. `quarantined`: unreadable. */
export type ItemStatus = 'waiting' | 'dead' | 'quarantined'

/** Where something waits out of turn, as a prefix of its group's name. */
export const LANES = {
  /** Alerts that their channel throttled: they wait together, and go out as one summary. */
  digest: 'digest-',
  /** What its destination refused: its group goes on without it. */
  aside: 'aside-',
  /** Callbacks that nobody can be asked about: behind all others. */
  unchecked: 'unchecked-',
} as const

export type Lane = keyof typeof LANES

/** After the lane: the team was told of it. */
const TOLD = 'told-'

/** The destinations that are no channel. */
export const QUEUE = 'queue'
export const CI = 'ci'
/** Where callbacks go that cannot be checked. */
export const NOBODY = 'nobody'
/** What waits for the relay itself: bodies to be settled further. */
export const BODIES = 'rest'

/** A group's name ends with a digest of what it is about. */
export const DIGEST_LENGTH = 22

export function laneOf(group: string): Lane | null {
  return (Object.keys(LANES) as Lane[]).find((lane) => group.startsWith(LANES[lane])) ?? null
}

export function isTold(group: string): boolean {
  const lane = laneOf(group)
  return lane !== null && group.startsWith(LANES[lane] + TOLD)
}

/** The same place, marked. */
export function toldGroup(group: string): string {
  const lane = laneOf(group)
  if (lane === null || isTold(group)) return group
  return LANES[lane] + TOLD + group.slice(LANES[lane].length)
}

/** Puts into a lane by itself; what is there stays. */
export function groupInLane(
  lane: 'aside' | 'unchecked',
  { id, group }: { id: string; group: string },
): string {
  return laneOf(group) === lane ? group : `${LANES[lane]}${group}${lane === 'aside' ? `/${id}` : ''}`
}

/** What a group waits for: `queue`, a channel's id, CI, nobody, or the relay. */
export function destinationOf(group: string): string {
  const lane = laneOf(group)
  if (lane === 'unchecked') return NOBODY
  if (group.startsWith('unverified-')) return CI
  if (lane === null) return group.slice(0, -(DIGEST_LENGTH + 1))
  const rest = group.slice(LANES[lane].length)
  if (lane === 'digest') return rest
  return destinationOf((rest.startsWith(TOLD) ? rest.slice(TOLD.length) : rest).split('/')[0] ?? '')
}

/** `waiting`: in its group's turn. `dead` and `quarantined`: not to be delivered. */
export type LineKind =
  'waiting' | 'digest' | 'aside' | 'aside-told' | 'unchecked' | 'unchecked-told' | 'dead' | 'quarantined'

/** What waits for one destination in one way: every item stands in one line. */
export interface Line {
  readonly kind: LineKind
  readonly destination: string
}

export function lineOf({ status, group }: { readonly status: ItemStatus; readonly group: string }): Line {
  const destination = destinationOf(group)
  if (status === 'quarantined') return { kind: 'quarantined', destination: '' }
  if (status === 'dead') return { kind: 'dead', destination }
  const lane = laneOf(group)
  if (lane === null) return { kind: 'waiting', destination }
  return { kind: lane !== 'digest' && isTold(group) ? `${lane}-told` : lane, destination }
}

/** One text for it, and back. */
export function nameOfLine({ kind, destination }: Line): string {
  return `${kind}/${destination}`
}

export function lineNamed(name: string): Line {
  const end = name.indexOf('/')
  return { kind: name.slice(0, end) as LineKind, destination: name.slice(end + 1) }
}

/** Whether its items go group by group, each group in order of arrival. In the other lines each item is on its own, and they stand in order of `dueAt`. */
export function keepsOrder({ kind }: Line): boolean {
  return kind === 'waiting' || kind === 'digest'
}

/** The turn in which an item goes: its group's, or its own. */
export function turnOf(header: {
  readonly id: string
  readonly status: ItemStatus
  readonly group: string
}): string {
  return keepsOrder(lineOf(header)) ? header.group : header.id
}
