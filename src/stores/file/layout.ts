import { join } from 'node:path'
import { isDraft } from './atomic-file'
import type { Expiring } from './expiry'
import { IDS, lineIn, OUTBOX } from '../folder/item-place'
import { MARKS } from '../folder/ways'
import { isRecord, isText, isTime, parsed } from '../item-form'
import { Unreadable } from '../unreadable'

/** The names that the store gives in each of its folders; what is named otherwise is not ours. */
export const NAMES = {
  tmp: isDraft,
  claims: isShard,
  /** Up to v0.1. */
  items: isDigest,
  [OUTBOX]: (name: string) => lineIn(name) !== null,
  [IDS]: isShard,
  [MARKS]: (name: string) => lineIn(name) !== null,
  leases: (name: string) => /^[0-9a-f]{24}\.[1-9]\d{0,14}$/.test(name),
  notes: isDigest,
  windows: isDigest,
} as const
export const TIDIED = 'tidied'
export const OURS = [...Object.keys(NAMES), TIDIED]

export interface Note extends Expiring {
  readonly name: string
  readonly value: string
}

export interface Window extends Expiring {
  readonly times: readonly number[]
}

/** The folders of a store, absolute. */
export interface Folders {
  readonly root: string
  readonly tmp: string
  readonly claims: string
  readonly leases: string
  readonly notes: string
  readonly windows: string
}

export function foldersBelow(root: string): Folders {
  const inner = (name: keyof typeof NAMES): string => join(root, name)
  return {
    root,
    tmp: inner('tmp'),
    claims: inner('claims'),
    leases: inner('leases'),
    notes: inner('notes'),
    windows: inner('windows'),
  }
}

const DONE = '.done'

/** Where it is marked that a key is done. */
export function donePath(base: string): string {
  return `${base}${DONE}`
}

export function isClaim(name: string): boolean {
  return /^[0-9a-f]{62}(\.done|\.[1-9]\d{0,14})$/.test(name)
}

export function isDoneMark(name: string): boolean {
  return isClaim(name) && name.endsWith(DONE)
}

export function isShard(name: string): boolean {
  return /^[0-9a-f]{2}$/.test(name)
}

function isDigest(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name)
}

/** Null when there is none. Throws Unreadable. */
export function noteIn(text: string | null): Note | null {
  if (text === null) return null
  const note = parsed(text)
  if (!isRecord(note) || !isText(note['value']) || !(note['endsAt'] === null || isTime(note['endsAt'])))
    throw new Unreadable('it is no note')
  return note as unknown as Note
}
