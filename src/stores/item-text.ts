import { headerIn, isText, payloadIn, parsed } from './item-form'
import { type ItemHeader, type ParkedItem, type Payload } from './store'
import { Unreadable } from './unreadable'

/** The first line of an item's text; `version` changes with each parking, and the item's lease hangs on it. */
export interface ItemLine extends ItemHeader {
  readonly version: string
}

/** It becomes a part of the lease's path or key. */
const VERSION = /^[0-9a-f-]{24,36}$/

/** An item as one text, for a store of files or objects: its header can be read without a payload that may be large. */
export function itemText(line: ItemLine, payload: Payload): string {
  return `${JSON.stringify(line)}\n${JSON.stringify(payload)}\n`
}

/** The first line of an item's text, or of its beginning. Throws Unreadable. */
export function readItemLine(text: string): ItemLine {
  const end = text.indexOf('\n')
  if (end < 0) throw new Unreadable(text === '' ? 'it is empty' : 'its first line is cut off')
  const line = parsed(text.slice(0, end))
  const header = headerIn(line)
  const { version } = line as ItemLine
  if (!isText(version) || !VERSION.test(version)) throw new Unreadable('its version is none')
  return { ...header, version }
}

/** Throws Unreadable. */
export function readItemText(text: string): { readonly item: ParkedItem; readonly version: string } {
  const { version, ...header } = readItemLine(text)
  const payload = payloadIn(parsed(text.slice(text.indexOf('\n') + 1)))
  return { item: { ...header, payload }, version }
}
