import { randomUUID } from 'node:crypto'
import { decoded, driverUrl } from '../delivery/driver-url'
import type { DriverContext } from '../delivery/driver-context'
import { sha256 } from '../delivery/sha256'
import { Deadline } from '../delivery/deadline'
import { endpointOf } from '../delivery/endpoint'
import { slideWindow } from '../delivery/sliding-window'
import { isBucketName, isRegion } from '../tencent/bucket-name'
import { bucketObjects, type ListedObject } from '../tencent/bucket-objects'
import type { CosTarget } from '../tencent/cos-request'
import { isRecord, isText, isTime, parsed } from './item-form'
import { type ItemLine, itemText, readItemLine, readItemText } from './item-text'
import { byArrival, headerOf, LONGEST_LEASE_MS, type ParkedItem, type StoreDriver } from './store'
import { parcelOf, strayList, Unreadable } from './unreadable'

const EXAMPLE = 'cos://BUCKET-APPID/PREFIX?region=REGION'
/** Of the 850 bytes of a key. */
const LONGEST_PREFIX = 600

/** What is read of an item for its header; a longer header costs a second request. */
const HEADER_BYTES = 4096
/** An item's first line holds no more than a group and an error beside a few numbers. */
const LONGEST_HEADER = 1024 * 1024
/** Of a body of 6 MiB, in base64, an item makes 8; what is longer is none of ours. */
const LONGEST_ITEM = 32 * 1024 * 1024
const READS_AT_ONCE = 16
/** A list of the items is given up after so long, which is less than a sweep waits for it, and beyond so many. What it has read by then is kept for the next. */
const LIST_MS = 18_000
const MOST_ITEMS = 100_000

/** Expired objects lie about for so long before `tidy` looks at them, once a day: looking costs a request each. */
const TIDY_AGE_MS = 7 * 86_400_000
const TIDY_EVERY_MS = 86_400_000
/** How long a takeover keeps others from the same ended lease. */
const TAKEOVER_MS = 10_000
const MOST_ROUNDS = 5

interface Expiring {
  /** Ms since the epoch; null: never. */
  readonly endsAt: number | null
}

/** A claim, an item's lease, or the mark that a key is done (no holder). */
interface Mark extends Expiring {
  readonly holder: string | null
  readonly endsAt: number
}

interface Note extends Expiring {
  readonly value: string
}

interface Window extends Expiring {
  readonly times: readonly number[]
}

type Got = { readonly kind: 'got'; readonly holder: string } | { readonly kind: 'there'; readonly mark: Mark }

/**
 * `cos://BUCKET-APPID/PREFIX[?region=R]`: objects below the prefix, written with the role's credentials. A write is one PUT, which COS
 * does as a whole or not at all.
 *
 * Weaker than the other stores in one thing: a claim is a PUT with `x-cos-forbid-overwrite` (436/7749), and COS does not promise that
 * of two such PUTs at the same instant one fails. Repeats that come later are told apart reliably; two at once may both be
 * `claimed`, an item may be taken twice, and `admit` may let a few too many go. The bucket must never have had versioning on: COS
 * ignores the header there, which the store notices and refuses.
 *
 * Headers of items cannot stand in their keys (850 bytes hold no group and no error, and a key cannot change in one step), so `list`
 * reads the beginning of each object, but only of those that changed since the last time.
 */
const open: StoreDriver['open'] = (text, context) => {
  const { target, prefix } = readUrl(text, context)
  /** What `list` has read; null: what cannot be. */
  const seen = new Map<string, { readonly etag: string; readonly line: ItemLine | null }>()
  const strays = strayList()

  const objects = bucketObjects(target, context.credentials)
  /** What stands in an object of one of our forms; null when there is none that can be read. */
  const readForm = async <Form>(key: string, isOfForm: (value: unknown) => boolean): Promise<Form | null> =>
    strays.passOver(key, async () => {
      const text = await objects.read(key)
      if (text === null) return null
      const value = parsed(text)
      if (!isOfForm(value)) throw new Unreadable('it is of another form')
      return value as Form
    })
  /** Null when there is none. One that cannot be read holds nobody off: rather twice than never. */
  const readMark = async (key: string): Promise<Mark | null> => {
    const mark = await strays.passOver(key, async () => {
      const text = await objects.read(key)
      const value = text === null ? null : parsed(text)
      if (value !== null && !isMark(value)) throw new Unreadable('it is of another form')
      return (value ?? 'none') as Mark | 'none'
    })
    return mark === 'none' ? null : (mark ?? { holder: '', endsAt: 0 })
  }
  const writeJson = async (key: string, value: object): Promise<void> =>
    objects.write(key, JSON.stringify(value))

  /** Creates the mark, or takes over one that has ended. */
  const acquire = async (name: string, leaseMs: number): Promise<Got> => {
    const holder = randomUUID()
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const body = JSON.stringify({ holder, endsAt: Date.now() + Math.min(leaseMs, LONGEST_LEASE_MS) })
      if (await objects.create(name, body)) return { kind: 'got', holder }
      const there = await readMark(name)
      // Given back between the two requests.
      if (there === null) continue
      // The first answer was lost on the way, and the request repeated.
      if (there.holder === holder) return { kind: 'got', holder }
      if (isOn(there)) return { kind: 'there', mark: there }
      // Of those who come upon the same ended mark, the one that creates its takeover may replace it.
      const takeover = `${prefix}takeovers/${digest(name + String(there.holder) + String(there.endsAt))}`
      if (!(await objects.create(takeover, JSON.stringify({ endsAt: Date.now() + TAKEOVER_MS })))) {
        const ends = (await readForm<Mark>(takeover, isExpiring))?.endsAt ?? 0
        if (ends > Date.now() && ends <= Date.now() + LONGEST_LEASE_MS)
          return { kind: 'there', mark: { holder: '', endsAt: ends } }
        await objects.remove(takeover)
        continue
      }
      if (JSON.stringify(await readMark(name)) !== JSON.stringify(there)) continue
      await objects.write(name, body)
      return { kind: 'got', holder }
    }
    // Others come and go all the time: whoever asks again later finds it settled or free.
    return { kind: 'there', mark: { holder: '', endsAt: Date.now() + TAKEOVER_MS } }
  }

  const claimName = (key: string): string => `${prefix}claims/${digest(key)}`
  const itemName = (id: string): string => `${prefix}items/${digest(id)}`
  const leaseName = (version: string): string => `${prefix}leases/${version}`
  const noteName = (name: string): string => `${prefix}notes/${digest(name)}`
  const windowName = (name: string): string => `${prefix}windows/${digest(name)}`

  /** Null when there is none. Throws Unreadable. */
  const lineAt = async (name: string): Promise<ItemLine | null> => {
    const start = await objects.readStart(name, HEADER_BYTES)
    const text =
      start === null || start.includes('\n') ? start : await objects.readStart(name, LONGEST_HEADER)
    if (text === null) return null
    const line = readItemLine(text)
    if (itemName(line.id) !== name) throw new Unreadable('its name is not that of its item')
    return line
  }
  const readLine = (id: string): Promise<ItemLine | null> =>
    strays.passOver(itemName(id), () => lineAt(itemName(id)))
  const readItem = async (
    id: string,
  ): Promise<{ readonly item: ParkedItem; readonly version: string } | null> => {
    const text = await objects.read(itemName(id))
    if (text === null) return null
    const found = readItemText(text)
    if (found.item.id !== id) throw new Unreadable('its name is not that of its item')
    return found
  }

  return {
    scheme: 'cos',
    secrets: [],
    endpoints: [objects.endpoint],
    needs: ['cos:GetObject', 'cos:PutObject', 'cos:DeleteObject', 'cos:GetBucket'],

    async claim(key, leaseMs) {
      const got = await acquire(claimName(key), leaseMs)
      if (got.kind === 'got') return { kind: 'claimed', holder: got.holder }
      const { holder, endsAt } = got.mark
      return holder === null
        ? { kind: 'done' }
        : { kind: 'held', retryAfterMs: Math.max(1, endsAt - Date.now()) }
    },
    async settle(key, keepMs) {
      const done: Mark = { holder: null, endsAt: Date.now() + keepMs }
      await writeJson(claimName(key), done)
    },
    async release(key, holder) {
      const there = await readMark(claimName(key))
      if (there !== null && there.holder === holder) await objects.remove(claimName(key))
    },

    async park(item) {
      const old = await readLine(item.id)
      const line: ItemLine = {
        ...headerOf(item),
        parkedAt: old?.parkedAt ?? item.parkedAt,
        version: randomUUID(),
      }
      await objects.write(itemName(item.id), itemText(line, item.parcel))
      strays.forget(itemName(item.id))
      if (old !== null) await objects.remove(leaseName(old.version))
    },
    async list() {
      const folder = `${prefix}items/`
      const deadline = Deadline.in(LIST_MS)
      const mayGoOn = (): void => {
        if (deadline.isOver) throw new Error(`cos: the items could not be listed within ${LIST_MS / 1000} s`)
      }
      const found: ListedObject[] = []
      for await (const page of objects.pages(folder)) {
        mayGoOn()
        found.push(...page)
        if (found.length > MOST_ITEMS) throw new Error(`cos: there are more than ${MOST_ITEMS} items`)
      }
      // A console shows a folder by an object of its name.
      const others = found.filter(({ key }) => key !== folder && !isOurs(key))
      const listed = found.filter(({ key }) => isOurs(key))
      const current = new Set(listed.map(({ key }) => key))
      for (const key of seen.keys()) if (!current.has(key)) seen.delete(key)
      strays.keep(folder, (place) => current.has(place))
      for (const { key } of others) strays.note(key, NOT_OURS)
      const changed = listed.filter(({ key, etag }) => seen.get(key)?.etag !== etag)
      await inParallel(changed, async ({ key, etag, bytes }) => {
        mayGoOn()
        const line = await strays.passOver(key, async () => {
          if (bytes > LONGEST_ITEM) throw new Unreadable('it is longer than anything that is kept here')
          return lineAt(key)
        })
        seen.set(key, { etag, line })
      })
      return [...seen.values()].flatMap(({ line }) => (line === null ? [] : [headerOf(line)])).sort(byArrival)
    },
    async read(id) {
      return (await strays.passOver(parcelOf(itemName(id)), () => readItem(id)))?.item ?? null
    },
    async take(id, leaseMs) {
      const found = await strays.passOver(parcelOf(itemName(id)), async () => (await readItem(id)) ?? 'gone')
      if (found === null) return 'unreadable'
      if (found === 'gone' || (await acquire(leaseName(found.version), leaseMs)).kind === 'there') return null
      const now = await readLine(id)
      if (now?.version === found.version) return found.item
      // Parked anew or removed meanwhile: the lease is of something that is no more.
      await objects.remove(leaseName(found.version))
      return null
    },
    async remove(id) {
      const old = await readLine(id)
      await objects.remove(itemName(id))
      strays.forget(itemName(id))
      if (old !== null) await objects.remove(leaseName(old.version))
    },

    async note(name) {
      const note = await readForm<Note>(
        noteName(name),
        (value) => isExpiring(value) && isText((value as Partial<Note>).value),
      )
      return note === null || isOver(note) ? null : note.value
    },
    async setNote(name, value, keepMs) {
      if (value === null) return objects.remove(noteName(name))
      const note: Note = { endsAt: keepMs === null ? null : Date.now() + keepMs, value }
      await writeJson(noteName(name), note)
    },

    async admit(name, messages, perMs) {
      const window = await readForm<Window>(windowName(name), isWindow)
      const now = Date.now()
      const { waitMs, times } = slideWindow(window?.times ?? [], now, messages, perMs)
      if (waitMs === 0) {
        const next: Window = { endsAt: now + perMs, times }
        await writeJson(windowName(name), next)
      }
      return waitMs
    },

    async tidy(timeIsUp = () => false) {
      const last = await readForm<Mark>(`${prefix}tidied`, isExpiring)
      // One that is further ahead was set by a clock that was wrong.
      if (last !== null && !isOver(last) && last.endsAt <= Date.now() + TIDY_EVERY_MS) return
      for (const folder of ['claims', 'takeovers', 'leases', 'notes', 'windows']) {
        for await (const page of objects.pages(`${prefix}${folder}/`)) {
          const old = page.filter(({ modified }) => modified + TIDY_AGE_MS <= Date.now())
          await inParallel(old, async ({ key }) => {
            if (timeIsUp() || key === `${prefix}${folder}/`) return
            if (!isOurs(key)) {
              strays.note(key, NOT_OURS)
              return
            }
            const object = await readForm<Expiring>(key, isExpiring)
            if (object !== null && isOver(object)) await objects.remove(key)
          })
          if (timeIsUp()) return
        }
      }
      await writeJson(`${prefix}tidied`, { endsAt: Date.now() + TIDY_EVERY_MS })
    },
    async strays() {
      return Promise.resolve(strays.found())
    },
  }
}

function readUrl(text: string, context: DriverContext): { target: CosTarget; prefix: string } {
  const url = driverUrl(text, EXAMPLE, ['region', 'endpoint'])
  if (!isBucketName(url.hostname)) throw new Error(`the bucket must be named with its APPID: ${EXAMPLE}`)
  const region = url.searchParams.get('region') ?? context.region ?? ''
  if (!isRegion(region)) throw new Error(`a region is missing: ${EXAMPLE}`)
  const folder = decoded(url.pathname, 'prefix').replace(/^\/+|\/+$/g, '')
  if (folder === '')
    throw new Error(`a prefix is missing, below which the store keeps its objects: ${EXAMPLE}`)
  if (Buffer.byteLength(folder) > LONGEST_PREFIX)
    throw new Error(`the prefix is longer than ${LONGEST_PREFIX} bytes`)
  // Addresses are made of path segments, and these would be resolved away.
  if (folder.split('/').some((part) => part === '.' || part === '..' || part === '')) {
    throw new Error('the prefix must have no empty part, and none that is "." or ".."')
  }
  const endpoint = url.searchParams.has('endpoint') ? endpointOf(url.searchParams, '') : null
  return { target: { service: 'cos', bucket: url.hostname, region, endpoint }, prefix: `${folder}/` }
}

/** Keys may be any text of any length, COS's may not. */
function digest(text: string): string {
  return sha256(text, 'hex')
}

const NOT_OURS = 'it has no name that the store gives'

/** A digest, or the version of an item. */
function isOurs(key: string): boolean {
  return /\/([0-9a-f]{64}|[0-9a-f-]{36})$/.test(key)
}

function isExpiring(value: unknown): boolean {
  return isRecord(value) && (value['endsAt'] === null || isTime(value['endsAt']))
}

function isMark(value: unknown): boolean {
  return isRecord(value) && (value['holder'] === null || isText(value['holder'])) && isTime(value['endsAt'])
}

function isWindow(value: unknown): boolean {
  return isExpiring(value) && Array.isArray((value as Partial<Window>).times)
}

/** A mark that is done is done; a lease that ends later than any can was given by a clock that is wrong. */
function isOn({ holder, endsAt }: Mark): boolean {
  return endsAt > Date.now() && (holder === null || endsAt <= Date.now() + LONGEST_LEASE_MS)
}

function isOver({ endsAt }: Expiring): boolean {
  return endsAt !== null && endsAt <= Date.now()
}

async function inParallel<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await act(item)
  }
  await Promise.all(Array.from({ length: READS_AT_ONCE }, worker))
}

export const driver: StoreDriver = { schemes: ['cos'], form: EXAMPLE, open }
