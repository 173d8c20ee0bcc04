import { sha256 } from '../../sha256'
import { USUAL_WAIT_MS } from '../due'
import { keepsOrder, type Line, type LineKind, lineOf, turnOf } from '../line'
import { isTime } from '../item-form'
import type { ItemHeader } from '../store'

/** What lies below this name are items: `outbox/<line>/<group>/<item>`, and in a line without order `outbox/<line>/<item>`. */
export const OUTBOX = 'outbox'
/** Where each item stands, by a digest of its id. */
export const IDS = 'ids'

/** What an item's name tells of it, without a look at the item. Times in ms since the epoch. */
export interface ItemName {
  readonly id: string
  readonly parkedAt: number
  readonly dueAt: number
  readonly waitMs: number
}

const KINDS: Readonly<Record<LineKind, true>> = {
  waiting: true,
  digest: true,
  aside: true,
  'aside-told': true,
  unchecked: true,
  'unchecked-told': true,
  dead: true,
  quarantined: true,
}

/** A destination that takes more than so many characters is named by its digest: names are 255 bytes at most, keys in a bucket 850 with their prefix. */
const LONGEST_DESTINATION = 60

/** Names are short, the same on file systems that ignore case, and nobody else's text. */
export function digestOf(text: string): string {
  return sha256(text, 'hex').slice(0, 32)
}

/**
 * Where an item stands: all that orders it is in its name, so that a list of names says what is due, and since when what waits. In a line that keeps
 * order the names of a group are in order of arrival, in the others in that of `dueAt`; two of one id lie side by side.
 */
export function placeOf(header: Omit<ItemHeader, 'tries' | 'lastError'>): string {
  const line = lineOf(header)
  const id = digestOf(header.id)
  const parkedAt = sortable(header.parkedAt)
  const dueAt = sortable(header.dueAt)
  const wait = Math.trunc(Math.max(0, header.waitMs ?? USUAL_WAIT_MS)).toString(36)
  return keepsOrder(line)
    ? `${OUTBOX}/${folderOf(line)}/${digestOf(turnOf(header))}/${parkedAt}.${id}.${dueAt}.${wait}`
    : `${OUTBOX}/${folderOf(line)}/${dueAt}.${id}.${parkedAt}.${wait}`
}

/** The folder of what has its turn together: the last but one part of the place; of an item on its own, the digest of its id. */
export function turnIn(place: string): string {
  const [, , third = '', fourth] = place.split('/')
  return fourth === undefined ? (third.split('.')[1] ?? '') : third
}

export function nameIn(place: string): string {
  return place.slice(place.lastIndexOf('/') + 1)
}

const NAME = /^([0-9a-f]{16})\.([0-9a-f]{32})\.([0-9a-f]{16})\.([0-9a-z]{1,11})$/

/** Null for a name that the store does not give. */
export function readName(name: string, line: Line): ItemName | null {
  const [, first = '', id = '', second = '', wait = ''] = NAME.exec(name) ?? []
  if (id === '') return null
  const [parkedAt, dueAt] = keepsOrder(line) ? [first, second] : [second, first]
  const read = { parkedAt: fromSortable(parkedAt), dueAt: fromSortable(dueAt), waitMs: parseInt(wait, 36) }
  return isTime(read.parkedAt) && isTime(read.dueAt) ? { id, ...read } : null
}

/** What all names in a line without order begin with whose item is due at that time, ms since the epoch. */
export function namesDueAt(ms: number): string {
  return sortable(ms)
}

/** The name of a line's folder; `folderOf` gives no line's name to two. */
export function folderOf({ kind, destination }: Line): string {
  const encoded = [...Buffer.from(destination)]
    .map((byte) => {
      const char = String.fromCharCode(byte)
      return /[a-z0-9-]/.test(char) ? char : `=${byte.toString(16).padStart(2, '0')}`
    })
    .join('')
  return `${kind}~${encoded.length <= LONGEST_DESTINATION ? encoded : `~${digestOf(destination)}`}`
}

/** The line that has this folder; `destination` is null when only its items tell it. Null for a folder that is none of a line. */
export function lineIn(
  folder: string,
): { readonly kind: LineKind; readonly destination: string | null } | null {
  const [kind = '', encoded, digest] = folder.split('~')
  if (!Object.hasOwn(KINDS, kind) || encoded === undefined) return null
  const known = kind as LineKind
  if (digest !== undefined)
    return encoded === '' && /^[0-9a-f]{32}$/.test(digest) ? { kind: known, destination: null } : null
  const bytes = encoded.replace(/=([0-9a-f]{2})|[^]/g, (char, hex: string | undefined) =>
    hex === undefined ? Buffer.from(char).toString('hex') : hex,
  )
  const destination = Buffer.from(bytes, 'hex').toString()
  return folderOf({ kind: known, destination }) === folder ? { kind: known, destination } : null
}

/** Whether a folder of this name holds groups, which hold items. */
export function holdsGroups(folder: string): boolean {
  const line = lineIn(folder)
  return line !== null && keepsOrder({ kind: line.kind, destination: '' })
}

/** The line whose items stand in this folder, as far as its names depend on it; null for a folder that holds none. */
export function lineOfFolder(folder: string): Line | null {
  const [root, line = '', group, more] = folder.split('/')
  const found = lineIn(line)
  if (root !== OUTBOX || found === null || more !== undefined) return null
  const { kind, destination } = found
  const known = { kind, destination: destination ?? '' }
  const isGroup = group !== undefined && /^[0-9a-f]{32}$/.test(group)
  return isGroup === keepsOrder(known) && (isGroup || group === undefined) ? known : null
}

/** When the item arrived that stands there, ms since the epoch. */
export function parkedAtIn(place: string): number {
  const line = lineOfFolder(place.slice(0, place.lastIndexOf('/')))
  return (line === null ? null : readName(nameIn(place), line))?.parkedAt ?? 0
}

/** Whether it is the place of an item whose id has this digest: nothing else is ever followed. */
export function isPlace(text: string, digest: string): boolean {
  const line = lineOfFolder(text.slice(0, text.lastIndexOf('/')))
  return line !== null && readName(nameIn(text), line)?.id === digest
}

const number = new DataView(new ArrayBuffer(8))
const SIGN = 1n << 63n
const ALL = (1n << 64n) - 1n

/** 16 digits whose order is that of the numbers, and from which each number comes back as it was: arrivals differ by less than a thousandth. */
function sortable(ms: number): string {
  // A zero has two signs, and no order.
  number.setFloat64(0, ms + 0)
  const bits = number.getBigUint64(0)
  const sorted = (bits & SIGN) === 0n ? bits | SIGN : bits ^ ALL
  return sorted.toString(16).padStart(16, '0')
}

function fromSortable(digits: string): number {
  const sorted = BigInt(`0x${digits}`)
  number.setBigUint64(0, (sorted & SIGN) === 0n ? sorted ^ ALL : sorted ^ SIGN)
  return number.getFloat64(0)
}
