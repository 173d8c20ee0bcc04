import type { Services } from '../services'
import type { ParkedItem } from '../stores/store'

/** How far a sweep has come with a parked body: by itself, so that a body of MB need not be parked anew for it. As long as a settled claim is known. */
type Parts = Pick<Services, 'store' | 'ledgerKeepMs'>
type Item = Pick<ParkedItem, 'id'>

const nameOf = ({ id }: Item): string => `progress/${id}`

/** So many of the body's notices, from the first, need not be looked at again. */
export async function progressOf({ store }: Parts, item: Item): Promise<number> {
  const count = Number(await store?.note(nameOf(item)))
  return Number.isSafeInteger(count) && count > 0 ? count : 0
}

export async function noteProgress({ store, ledgerKeepMs }: Parts, item: Item, count: number): Promise<void> {
  await store?.setNote(nameOf(item), String(count), ledgerKeepMs)
}

/** `count`: what was noted of it. */
export async function forgetProgress({ store }: Parts, item: Item, count: number): Promise<void> {
  if (count > 0) await store?.setNote(nameOf(item), null, null)
}
