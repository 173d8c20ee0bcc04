import { createHash, randomUUID } from 'node:crypto'
import { DeliveryError } from '../delivery/delivery-error'
import { decoded, driverUrl } from '../delivery/driver-url'
import { endpointOf } from '../delivery/endpoint'
import { slideWindow } from '../delivery/sliding-window'
import { isBucketName, isRegion } from '../tencent/bucket-name'
import {
  cosRefusal,
  cosRequest,
  type CosAnswer,
  type CosRequest,
  type CosTarget,
} from '../tencent/cos-request'
import type { DriverContext } from '../delivery/driver-context'
import { byArrival, headerOf, type ItemHeader, type OpenStore, type ParkedItem, type Parcel } from './store'

const EXAMPLE = 'cos://media-1250000000/relay?region=ap-guangzhou'
/** Of the 850 bytes of a key. */
const LONGEST_PREFIX = 600

/** How long COS may take over one request. */
const DEADLINE_MS = 3000

/** What is read of an item for its header; a longer header costs a second request. */
const HEADER_BYTES = 4096
const READS_AT_ONCE = 16

/** Expired objects lie about for so long before `tidy` looks at them, once a day: looking costs a request each. */
const TIDY_AGE_MS = 7 * 86_400_000
const TIDY_EVERY_MS = 86_400_000
/** How long a takeover keeps others from the same ended lease. */
const TAKEOVER_MS = 10_000

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

/** The first line of an item's object; `version` changes with each parking, and the item's lease hangs on it. */
interface ItemLine extends ItemHeader {
  readonly version: string
}

interface Listed {
  readonly key: string
  readonly etag: string
  readonly modified: number
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
export const openCosStore: OpenStore = (text, context) => {
  const { target, prefix } = readUrl(text, context)
  const seen = new Map<string, { readonly etag: string; readonly line: ItemLine }>()

  const ask = async (
    method: CosRequest['method'],
    name: string,
    rest: Omit<CosRequest, 'method' | 'path' | 'signal'> = {},
  ): Promise<CosAnswer> => {
    const credentials = context.credentials()
    if (credentials === null) {
      throw new DeliveryError(
        `cos: ${target.bucket}: there are no credentials: give the function a role, or set TENCENT_SECRET_ID and TENCENT_SECRET_KEY`,
      )
    }
    const signal = AbortSignal.timeout(DEADLINE_MS)
    return cosRequest(target, { method, path: `/${name}`, ...rest, signal }, credentials)
  }
  const accept = (answer: CosAnswer, statuses: readonly number[], what: string): CosAnswer => {
    if (statuses.includes(answer.status)) return answer
    throw cosRefusal(target, what, answer)
  }

  const get = async (name: string): Promise<string | null> => {
    const answer = accept(await ask('GET', name), [200, 404], 'reading')
    if (answer.status === 200) return answer.body
    // A bucket that does not exist is a mistake, not an absent object.
    if (!answer.body.includes('<Code>NoSuchKey</Code>')) throw cosRefusal(target, 'reading', answer)
    return null
  }
  const getJson = async (name: string): Promise<unknown> => JSON.parse((await get(name)) ?? 'null')
  const put = async (name: string, body: string): Promise<void> => {
    accept(await ask('PUT', name, { body }), [200], 'writing')
  }
  const remove = async (name: string): Promise<void> => {
    accept(await ask('DELETE', name), [200, 204, 404], 'removing')
  }
  /** false when the object exists. */
  const create = async (name: string, body: string): Promise<boolean> => {
    const headers = { 'x-cos-forbid-overwrite': 'true' }
    const answer = accept(await ask('PUT', name, { body, headers }), [200, 409], 'claiming')
    if (answer.status === 409) {
      if (answer.body.includes('<Code>FileAlreadyExists</Code>')) return false
      throw cosRefusal(target, 'claiming', answer)
    }
    if (answer.headers.has('x-cos-version-id')) {
      throw new DeliveryError(
        `cos: ${target.bucket}: versioning is on, so that COS cannot tell whether an object exists: use a bucket that never had it`,
      )
    }
    return true
  }
  const listBelow = async (folder: string): Promise<Listed[]> => {
    const found: Listed[] = []
    for (let marker = ''; ;) {
      const query = { prefix: `${prefix}${folder}/`, marker, 'encoding-type': 'url', 'max-keys': '1000' }
      const { body } = accept(await ask('GET', '', { query }), [200], 'listing')
      const page = [...body.matchAll(/<Contents>([^]*?)<\/Contents>/g)].map(([, contents = '']) => ({
        key: decodeURIComponent(element(contents, 'Key')),
        etag: element(contents, 'ETag'),
        modified: Date.parse(element(contents, 'LastModified')),
      }))
      found.push(...page)
      const next = decodeURIComponent(element(body, 'NextMarker')) || page.at(-1)?.key
      if (element(body, 'IsTruncated') !== 'true' || next === undefined) return found
      marker = next
    }
  }

  /** Creates the mark, or takes over one that has ended. */
  const acquire = async (name: string, leaseMs: number): Promise<Got> => {
    for (;;) {
      const mark: Mark = { holder: randomUUID(), endsAt: Date.now() + leaseMs }
      const body = JSON.stringify(mark)
      if (await create(name, body)) return { kind: 'got', holder: String(mark.holder) }
      const there = (await getJson(name)) as Mark | null
      // Given back between the two requests.
      if (there === null) continue
      if (there.endsAt > Date.now()) return { kind: 'there', mark: there }
      // Of those who come upon the same ended mark, the one that creates its takeover may replace it.
      const takeover = `${prefix}takeovers/${digest(name + String(there.holder) + String(there.endsAt))}`
      if (!(await create(takeover, JSON.stringify({ endsAt: Date.now() + TAKEOVER_MS })))) {
        const other = (await getJson(takeover)) as Expiring | null
        const ends = other?.endsAt ?? 0
        if (ends > Date.now()) return { kind: 'there', mark: { holder: '', endsAt: ends } }
        await remove(takeover)
        continue
      }
      if (JSON.stringify(await getJson(name)) !== JSON.stringify(there)) continue
      await put(name, body)
      return { kind: 'got', holder: String(mark.holder) }
    }
  }

  const claimName = (key: string): string => `${prefix}claims/${digest(key)}`
  const itemName = (id: string): string => `${prefix}items/${digest(id)}`
  const leaseName = (version: string): string => `${prefix}leases/${version}`
  const noteName = (name: string): string => `${prefix}notes/${digest(name)}`
  const windowName = (name: string): string => `${prefix}windows/${digest(name)}`

  const readLine = async (name: string): Promise<ItemLine | null> => {
    const headers = { range: `bytes=0-${HEADER_BYTES - 1}` }
    const answer = accept(await ask('GET', name, { headers }), [200, 206, 404], 'reading')
    if (answer.status === 404) return null
    const text = answer.body.includes('\n') ? answer.body : await get(name)
    return text === null ? null : (JSON.parse(text.slice(0, text.indexOf('\n'))) as ItemLine)
  }
  const readItem = async (id: string): Promise<{ item: ParkedItem; version: string } | null> => {
    const text = await get(itemName(id))
    if (text === null) return null
    const lineEnd = text.indexOf('\n')
    const line = JSON.parse(text.slice(0, lineEnd)) as ItemLine
    return {
      item: { ...headerOf(line), parcel: JSON.parse(text.slice(lineEnd + 1)) as Parcel },
      version: line.version,
    }
  }

  return {
    scheme: 'cos',

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
      await put(claimName(key), JSON.stringify(done))
    },
    async release(key, holder) {
      const there = (await getJson(claimName(key))) as Mark | null
      if (there !== null && there.holder === holder) await remove(claimName(key))
    },

    async park(item) {
      const old = await readLine(itemName(item.id))
      const line: ItemLine = {
        ...headerOf(item),
        parkedAt: old?.parkedAt ?? item.parkedAt,
        version: randomUUID(),
      }
      await put(itemName(item.id), `${JSON.stringify(line)}\n${JSON.stringify(item.parcel)}`)
      if (old !== null) await remove(leaseName(old.version))
    },
    async list() {
      const listed = await listBelow('items')
      const current = new Set(listed.map(({ key }) => key))
      for (const key of seen.keys()) if (!current.has(key)) seen.delete(key)
      const changed = listed.filter(({ key, etag }) => seen.get(key)?.etag !== etag)
      await inParallel(changed, async ({ key, etag }) => {
        const line = await readLine(key)
        if (line === null) seen.delete(key)
        else seen.set(key, { etag, line })
      })
      return [...seen.values()].map(({ line }) => headerOf(line)).sort(byArrival)
    },
    async read(id) {
      return (await readItem(id))?.item ?? null
    },
    async take(id, leaseMs) {
      const found = await readItem(id)
      if (found === null) return null
      if ((await acquire(leaseName(found.version), leaseMs)).kind === 'there') return null
      const now = await readLine(itemName(id))
      if (now?.version === found.version) return found.item
      // Parked anew or removed meanwhile: the lease is of something that is no more.
      await remove(leaseName(found.version))
      return null
    },
    async remove(id) {
      const old = await readLine(itemName(id))
      if (old === null) return
      await remove(itemName(id))
      await remove(leaseName(old.version))
    },

    async note(name) {
      const note = (await getJson(noteName(name))) as Note | null
      return note === null || isOver(note) ? null : note.value
    },
    async setNote(name, value, keepMs) {
      if (value === null) return remove(noteName(name))
      const note: Note = { endsAt: keepMs === null ? null : Date.now() + keepMs, value }
      await put(noteName(name), JSON.stringify(note))
    },

    async admit(name, messages, perMs) {
      const window = (await getJson(windowName(name))) as Window | null
      const now = Date.now()
      const { waitMs, times } = slideWindow(window?.times ?? [], now, messages, perMs)
      if (waitMs === 0) {
        const next: Window = { endsAt: now + perMs, times }
        await put(windowName(name), JSON.stringify(next))
      }
      return waitMs
    },

    async tidy() {
      const last = (await getJson(`${prefix}tidied`)) as Expiring | null
      if (last !== null && !isOver(last)) return
      await put(`${prefix}tidied`, JSON.stringify({ endsAt: Date.now() + TIDY_EVERY_MS }))
      for (const folder of ['claims', 'takeovers', 'leases', 'notes', 'windows']) {
        const old = (await listBelow(folder)).filter(({ modified }) => modified + TIDY_AGE_MS <= Date.now())
        await inParallel(old, async ({ key }) => {
          const object = (await getJson(key)) as Expiring | null
          if (object !== null && isOver(object)) await remove(key)
        })
      }
    },
    async close() {
      return Promise.resolve()
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
  return createHash('sha256').update(text).digest('hex')
}

function isOver({ endsAt }: Expiring): boolean {
  return endsAt !== null && endsAt <= Date.now()
}

/** The text of a flat element; '' when there is none. Keys come URL-encoded, so that nothing needs unescaping but the ETag's quotes. */
function element(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? ''
}

async function inParallel<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await act(item)
  }
  await Promise.all(Array.from({ length: READS_AT_ONCE }, worker))
}
