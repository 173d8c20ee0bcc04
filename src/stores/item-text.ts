import { headerOf, type ItemHeader, type ParkedItem, type Parcel } from './store'

/** The first line of an item's text; `version` changes with each parking, and the item's lease hangs on it. */
export interface ItemLine extends ItemHeader {
  readonly version: string
}

/** An item as one text, for a store of files or objects: its header can be read without a parcel that may be large. */
export function itemText(line: ItemLine, parcel: Parcel): string {
  return `${JSON.stringify(line)}\n${JSON.stringify(parcel)}\n`
}

export function readItemLine(text: string): ItemLine {
  return JSON.parse(text.slice(0, text.indexOf('\n'))) as ItemLine
}

export function readItemText(text: string): { readonly item: ParkedItem; readonly version: string } {
  const line = readItemLine(text)
  const parcel = JSON.parse(text.slice(text.indexOf('\n') + 1)) as Parcel
  return { item: { ...headerOf(line), parcel }, version: line.version }
}
