import type * as Zlib from 'node:zlib'
import { headerIn, isRecord, payloadIn, parsed } from '../item-form'
import { lineNamed, lineOf, nameOfLine } from '../line'
import type { ItemHeader, ParkedItem } from '../store'
import { Unreadable } from '../unreadable'

/**
 * An item as Redis holds it: its arrival, its header, its payload, a line each. The arrival stands by itself, because it stays when an item is parked anew;
 * the header is a short list, and the payload deflated, because a million may wait.
 */
export function valueOf(item: ParkedItem): { readonly header: string; readonly payload: string } {
  const { group, tries, dueAt, lastError, waitMs, refusals, copies, since } = item
  const list: unknown[] = [
    nameOfLine(lineOf(item)),
    group,
    tries,
    dueAt,
    waitMs,
    lastError,
    refusals,
    copies,
    since,
  ]
  while (list.at(-1) == null) list.pop()
  return { header: JSON.stringify(list), payload: packed(JSON.stringify(item.payload)) }
}

/** Deflating what is shorter saves nothing; what is longer, a whole body, would take long, and few of those wait. */
const PACKED = { from: 300, to: 64 * 1024 } as const

/** Deflated, in base64, which never begins as JSON does. */
function packed(text: string): string {
  return text.length < PACKED.from || text.length > PACKED.to
    ? text
    : zlib().deflateRawSync(text, { level: 1 }).toString('base64')
}

/** Throws Unreadable. */
function unpacked(text: string): string {
  if (text.startsWith('{')) return text
  try {
    return zlib()
      .inflateRawSync(Buffer.from(text, 'base64'), { maxOutputLength: 4 * PACKED.to })
      .toString()
  } catch {
    throw new Unreadable('its payload is cut off, or none of ours')
  }
}

/** Loaded when something waits: a cold start does without. */
function zlib(): typeof Zlib {
  return process.getBuiltinModule('node:zlib')
}

const STATUSES = { dead: 'dead', quarantined: 'quarantined' } as const

/** The header in a value, or in its first two lines. Throws Unreadable. */
export function headerInValue(id: string, value: string): ItemHeader {
  const first = value.indexOf('\n')
  const second = value.indexOf('\n', first + 1)
  if (first < 0) throw new Unreadable('it is no item')
  const list = parsed(value.slice(first + 1, second < 0 ? undefined : second))
  if (!Array.isArray(list) || typeof list[0] !== 'string') throw new Unreadable('it is no item')
  const [line, group, tries, dueAt, waitMs, lastError, refusals, copies, since] = list as unknown[]
  const { kind } = lineNamed(line as string)
  return headerIn({
    ...{ id, group, tries, dueAt, lastError: lastError ?? null },
    status: kind in STATUSES ? STATUSES[kind as keyof typeof STATUSES] : 'waiting',
    parkedAt: first === 0 ? NaN : Number(value.slice(0, first)),
    ...(waitMs != null && { waitMs }),
    ...(refusals != null && { refusals }),
    ...(copies != null && { copies }),
    ...(since != null && { since }),
  })
}

/** Throws Unreadable. */
export function itemInValue(id: string, value: string): ParkedItem {
  const header = headerInValue(id, value)
  const start = value.indexOf('\n', value.indexOf('\n') + 1) + 1
  if (start === 0) throw new Unreadable('its payload is missing')
  return { ...header, payload: payloadIn(parsed(unpacked(value.slice(start)))) }
}

/** An item as v0.1 kept it: in three places. One whose arrival was lost arrived when it was due. Throws Unreadable. */
export function itemOfOld(
  id: string,
  header: string,
  payload: string | null,
  parkedAt: string | null,
): ParkedItem {
  const old = parsed(header)
  if (!isRecord(old) || old['id'] !== id) throw new Unreadable('it is no item of this name')
  if (payload === null) throw new Unreadable('its payload is missing')
  return {
    ...headerIn({ ...old, parkedAt: parkedAt === null ? old['dueAt'] : Number(parkedAt) }),
    payload: payloadIn(parsed(payload)),
  }
}
