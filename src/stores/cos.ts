import { decoded, driverUrl } from '../net/driver-url'
import { Deadline } from '../net/deadline'
import { endpointOf } from '../net/endpoint'
import { sha256 } from '../sha256'
import { slideWindow } from './sliding-window'
import { isBucketName, isRegion } from '../tencent/bucket-name'
import { bucketObjects, type ListedObject, type ListedPart } from '../tencent/bucket-objects'
import type { CosTarget } from '../tencent/cos-request'
import { bucketMarks, type Expiring, isExpiring, isOver, type Mark } from './cos/marks'
import { bucketMedium } from './cos/medium'
import { limiter } from './folder/at-once'
import { IDS } from './folder/item-place'
import { NOT_OURS } from './folder/medium'
import { folderOutbox } from './folder/outbox'
import { isText, parsed } from './item-form'
import type { ClaimAnswer, Store, StoreDriver } from './store'
import { strayList, Unreadable } from './unreadable'

const EXAMPLE = 'cos://BUCKET-APPID/PREFIX?region=REGION'
/** Of the 850 bytes of a key. */
const LONGEST_PREFIX = 600

const AT_ONCE = 16

/** Expired objects lie about for so long before `tidy` looks at them, once a day: looking costs a request each. */
const TIDY_AGE_MS = 7 * 86_400_000
const TIDY_EVERY_MS = 86_400_000
const LEASES = 'leases'
/** A note that comes with each claim is read so often, for a request costs money; and a claim that was quicker waits for it so long. */
const GLANCE_EVERY_MS = 60_000
const GLANCE_MS = 500

interface Note extends Expiring {
  readonly value: string
}

interface Window extends Expiring {
  readonly times: readonly number[]
}

/** A note that comes with a claim; absent: it could not be had. */
type Noted = Pick<ClaimAnswer, 'note'>

/**
 * `cos://BUCKET-APPID/PREFIX[?region=R]`: objects below the prefix, written with the role's credentials. A write is one PUT, which COS
 * does as a whole or not at all.
 *
 * Weaker than the other stores in one thing: a claim is a PUT with `x-cos-forbid-overwrite` (436/7749), and COS does not promise that
 * of two such PUTs at the same instant one fails. Repeats that come later are told apart reliably; two at once may both be
 * `claimed`, an item may be taken twice, and `admit` may let a few too many go. The bucket must never have had versioning on: COS
 * ignores the header there, which the store notices and refuses.
 *
 * Items lie as in the file store (folder/item-place.ts): a list of keys, 1,000 a request, says what is due and counts what waits. To park costs two
 * requests (what leads from the id to the item, and the item), to deliver one item one request, and a lease for each of its groups and removal of
 * a thousand at once for each batch. Best effort here: that a group is had by one sweep at a time (see above), that an item which is parked anew by two
 * at once stands in one place, and that those come first which are due for longest: it is so among what one list shows.
 */
const open: StoreDriver['open'] = (text, context) => {
  const { target, prefix } = placeInUrl(text, context.region)
  const strays = strayList()
  const few = limiter(AT_ONCE)

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
  const marks = bucketMarks(objects, `${prefix}takeovers/`, strays)
  const { tidyId, ...outbox } = folderOutbox(bucketMedium(objects, prefix, LEASES, marks), strays)
  const writeJson = async (key: string, value: object): Promise<void> =>
    objects.write(key, JSON.stringify(value))

  async function* pointers(): AsyncGenerator<readonly ListedObject[]> {
    const folder = `${prefix}${IDS}/`
    for (let after: string | null = ''; after !== null;) {
      const part: ListedPart = await objects.below(folder, after, 1000)
      yield part.objects
      after = part.isLast ? null : (part.objects.at(-1)?.key.slice(folder.length) ?? null)
    }
  }

  const claimName = (key: string): string => `${prefix}claims/${sha256(key, 'hex')}`
  const noteName = (name: string): string => `${prefix}notes/${sha256(name, 'hex')}`
  const windowName = (name: string): string => `${prefix}windows/${sha256(name, 'hex')}`

  const noteNow = async (name: string): Promise<string | null> => {
    const note = await readForm<Note>(
      noteName(name),
      (value) => isExpiring(value) && isText((value as Partial<Note>).value),
    )
    return note === null || isOver(note) ? null : note.value
  }
  const setNote: Store['setNote'] = async (name, value, keepMs) => {
    if (value === null) return objects.remove(noteName(name))
    const note: Note = { endsAt: keepMs === null ? null : Date.now() + keepMs, value }
    await writeJson(noteName(name), note)
  }

  let glance: { readonly name: string; readonly at: number; readonly noted: Promise<Noted> } | null = null
  /** A note as it was within the last minute. It holds up no claim, and fails none: then it is looked at again in a minute. */
  const glanceAt = async (name: string): Promise<Noted> => {
    const now = Date.now()
    if (glance?.name !== name || Math.abs(now - glance.at) >= GLANCE_EVERY_MS) {
      const noted = noteNow(name).then((note): Noted => ({ note }))
      glance = { name, at: now, noted: noted.catch((): Noted => ({})) }
    }
    return Deadline.in(GLANCE_MS)
      .hold(glance.noted, () => new Error('too slow'))
      .catch((): Noted => ({}))
  }

  return {
    scheme: 'cos',
    secrets: [],
    endpoints: [objects.endpoint],
    needs: ['cos:GetObject', 'cos:PutObject', 'cos:DeleteObject', 'cos:GetBucket'],

    async claim(key, leaseMs, noteName) {
      const looking = noteName === undefined ? null : glanceAt(noteName)
      const got = await marks.acquire(claimName(key), leaseMs)
      const noted = (await looking) ?? {}
      if (got.kind === 'got') return { kind: 'claimed', holder: got.holder, ...noted }
      const { holder, endsAt } = got.mark
      return holder === null
        ? { kind: 'done', ...noted }
        : { kind: 'held', retryAfterMs: Math.max(1, endsAt - Date.now()), ...noted }
    },
    async settle(key, keepMs) {
      const done: Mark = { holder: null, endsAt: Date.now() + keepMs }
      await writeJson(claimName(key), done)
    },
    async release(key, holder) {
      const there = await marks.read(claimName(key))
      if (there !== null && there.holder === holder) await objects.remove(claimName(key))
    },
    async areSettled(keys) {
      const isDone = async (key: string): Promise<boolean> => {
        const mark = await marks.read(claimName(key))
        return mark !== null && mark.holder === null && mark.endsAt > Date.now()
      }
      return Promise.all(keys.map((key) => few(() => isDone(key))))
    },

    ...outbox,

    note: noteNow,
    setNote,
    async swapNote(name, before, value, keepMs) {
      const isSame = (await noteNow(name)) === before
      if (isSame) await setNote(name, value, keepMs)
      return isSame
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
      const isOld = ({ modified }: ListedObject): boolean => modified + TIDY_AGE_MS <= Date.now()
      for (const folder of ['claims', 'takeovers', LEASES, 'notes', 'windows']) {
        for await (const page of objects.pages(`${prefix}${folder}/`)) {
          await Promise.all(
            page.filter(isOld).map(({ key }) =>
              few(async () => {
                if (timeIsUp() || key === `${prefix}${folder}/`) return
                if (!isOurs(key)) {
                  strays.note(key, NOT_OURS)
                  return
                }
                const object = await readForm<Expiring>(key, isExpiring)
                if (object !== null && isOver(object)) await objects.remove(key)
              }),
            ),
          )
          if (timeIsUp()) return
        }
      }
      for await (const page of pointers()) {
        await Promise.all(
          page.filter(isOld).map(({ key }) =>
            few(async () => {
              if (!timeIsUp() && isPointer(key)) await tidyId(key.slice(prefix.length))
            }),
          ),
        )
        if (timeIsUp()) return
      }
      await writeJson(`${prefix}tidied`, { endsAt: Date.now() + TIDY_EVERY_MS })
    },
    async strays() {
      return Promise.resolve(strays.found())
    },
  }
}

/**
 * The bucket of a `cos:` URL, and the prefix with its `/`. Throws an Error when it names none.
 * @param ownRegion the function's, where the URL names no region
 */
export function placeInUrl(text: string, ownRegion: string | null): { target: CosTarget; prefix: string } {
  const url = driverUrl(text, EXAMPLE, ['region', 'endpoint'])
  if (!isBucketName(url.hostname)) throw new Error(`the bucket must be named with its APPID: ${EXAMPLE}`)
  const region = url.searchParams.get('region') ?? ownRegion ?? ''
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
/** A digest, or, of leases up to v0.1, the version of an item. */
function isOurs(key: string): boolean {
  return /\/([0-9a-f]{64}|[0-9a-f-]{36})$/.test(key)
}

/** What leads from an id to an item. */
function isPointer(key: string): boolean {
  return /\/[0-9a-f]{32}$/.test(key)
}

function isWindow(value: unknown): boolean {
  return isExpiring(value) && Array.isArray((value as Partial<Window>).times)
}

export const driver: StoreDriver = { schemes: ['cos'], form: EXAMPLE, open }
