import { Deadline } from '../net/deadline'
import { type Endpoint, endpointAt } from '../net/endpoint'
import type { HttpAnswer } from '../net/http'
import { failed } from '../net/peer'
import {
  addressOf,
  cosRefusal,
  cosRequest,
  errorField,
  headerOf,
  type CosRequest,
  type CosTarget,
} from './cos-request'
import type { Credentials } from './credentials'

/** An object as a list shows it. */
export interface ListedObject {
  readonly key: string
  /** Changes with the content. */
  readonly etag: string
  /** Ms since the epoch. */
  readonly modified: number
  readonly bytes: number
}

export interface ListedPart {
  readonly objects: readonly ListedObject[]
  /** Whether nothing follows. */
  readonly isLast: boolean
}

/** Text objects of one bucket. Every method throws a PeerError when COS refuses or gives no answer. */
export interface BucketObjects {
  readonly endpoint: Endpoint
  /** null when there is no such object. */
  read(key: string): Promise<string | null>
  /** The first `bytes` bytes, which may end within a character. */
  readStart(key: string, bytes: number): Promise<string | null>
  write(key: string, body: string): Promise<void>
  /**
   * Writes unless the object exists; false when it does. Of two at the same instant both may succeed. Throws, too, in a bucket with
   * versioning, in which COS overwrites regardless.
   */
  create(key: string, body: string): Promise<boolean>
  remove(key: string): Promise<void>
  /** Removes them, a thousand in one request; one by one where COS does not let that through. */
  removeAll(keys: readonly string[]): Promise<void>
  /**
   * Objects below `folder` (`a/b/`), however deep, in the order of their keys' bytes: at most a thousand, and `most`, of those that follow the one named
   * `after` below the folder.
   */
  below(folder: string, after: string, most: number): Promise<ListedPart>
  /** The objects right below `folder` (`a/b/`), a thousand at most at a time. Throws, too, when COS leads in a circle. */
  pages(folder: string): AsyncIterable<readonly ListedObject[]>
}

/** How long COS may take over one request. */
const DEADLINE_MS = 3000
/** COS names no more in one answer, and takes no more in one request. */
const MOST_KEYS = 1000
/** So many requests at once where one would have done for all. */
const AT_ONCE = 16
/** What refuses a removal of many, and may let one of each through. */
const MANY_REFUSED = [400, 403, 404, 405, 501]

/** `credentials` is asked at each request: role keys change. Does not touch the network. */
export function bucketObjects(target: CosTarget, credentials: () => Credentials | null): BucketObjects {
  const ask = async (
    what: string,
    accepted: readonly number[],
    method: CosRequest['method'],
    key: string,
    rest: Omit<CosRequest, 'method' | 'path' | 'deadline'> = {},
  ): Promise<HttpAnswer> => {
    const keys = credentials()
    if (keys === null) {
      throw failed(
        { name: `cos: ${target.bucket}`, secrets: [] },
        'there are no credentials: give the function a role, or set TENCENT_SECRET_ID and TENCENT_SECRET_KEY',
      )
    }
    const deadline = Deadline.in(DEADLINE_MS)
    const answer = await cosRequest(target, { method, path: `/${key}`, ...rest, deadline }, keys)
    if (!accepted.includes(answer.status)) throw cosRefusal(target, what, answer)
    return answer
  }

  const list = async (folder: string, after: string, most: number, delimiter?: '/'): Promise<ListedPart> => {
    const marker = after === '' ? '' : folder + after
    const query = {
      prefix: folder,
      marker,
      ...(delimiter !== undefined && { delimiter }),
      'encoding-type': 'url',
      'max-keys': String(Math.min(most, MOST_KEYS)),
    }
    const { body, peer } = await ask('listing', [200], 'GET', '', { query })
    const objects = elements(body, 'Contents').map((contents) => ({
      key: folder + nameBelow(folder, element(contents, 'Key')),
      etag: element(contents, 'ETag'),
      modified: Date.parse(element(contents, 'LastModified')),
      bytes: Number(element(contents, 'Size')),
    }))
    const last = objects.at(-1)
    const isLast = element(body, 'IsTruncated') !== 'true' || last === undefined
    if (!isLast && !isAfter(last.key, marker))
      throw failed(peer, `${target.bucket}: listing: the list leads in a circle`)
    return { objects, isLast }
  }

  const removeOne = async (key: string): Promise<void> => {
    await ask('removing', [200, 204, 404], 'DELETE', key)
  }
  let takesMany = true
  /** Of what is to be removed that which is still there: COS refused to. */
  const removeMany = async (keys: readonly string[]): Promise<readonly string[]> => {
    if (!takesMany || keys.length === 1) return keys
    const named = keys.filter(isXmlText)
    const body = `<Delete><Quiet>true</Quiet>${named.map((key) => `<Object><Key>${escaped(key)}</Key></Object>`).join('')}</Delete>`
    const { createHash } = process.getBuiltinModule('node:crypto')
    const headers = {
      'content-md5': createHash('md5').update(body).digest('base64'),
      'content-type': 'application/xml',
    }
    const accepted = [200, ...MANY_REFUSED]
    const answer = await ask('removing', accepted, 'POST', '', { query: { delete: '' }, headers, body })
    if (answer.status !== 200) {
      if (errorField(answer, 'Code') === 'NoSuchBucket') throw cosRefusal(target, 'removing', answer)
      takesMany = false
      return keys
    }
    // Quiet: only what failed is named, and of that each has a reason of its own, which its own removal will tell.
    const refused = new Set(elements(answer.body, 'Error').map((error) => unescaped(element(error, 'Key'))))
    return keys.filter((key) => refused.has(key) || !isXmlText(key))
  }

  const read = async (key: string, headers: Readonly<Record<string, string>>): Promise<string | null> => {
    const answer = await ask('reading', [200, 206, 404], 'GET', key, { headers })
    if (answer.status !== 404) return answer.body
    // A bucket that does not exist is a mistake, not an absent object.
    if (errorField(answer, 'Code') === 'NoSuchBucket') throw cosRefusal(target, 'reading', answer)
    return null
  }

  return {
    endpoint: endpointAt(addressOf(target)),
    async read(key) {
      return read(key, {})
    },
    async readStart(key, bytes) {
      return read(key, { range: `bytes=0-${bytes - 1}` })
    },
    async write(key, body) {
      await ask('writing', [200], 'PUT', key, { body })
    },
    async create(key, body) {
      const headers = { 'x-cos-forbid-overwrite': 'true' }
      const answer = await ask('creating', [200, 409], 'PUT', key, { body, headers })
      if (answer.status === 409) {
        if (errorField(answer, 'Code') === 'FileAlreadyExists') return false
        throw cosRefusal(target, 'creating', answer)
      }
      if (headerOf(answer, 'x-cos-version-id') === null) return true
      throw failed(
        answer.peer,
        `${target.bucket}: versioning is on, so that COS cannot tell whether an object exists: use a bucket that never had it`,
      )
    },
    remove: removeOne,
    async removeAll(keys) {
      for (let start = 0; start < keys.length; start += MOST_KEYS) {
        const rest = [...(await removeMany(keys.slice(start, start + MOST_KEYS)))]
        const worker = async (): Promise<void> => {
          for (let key = rest.pop(); key !== undefined; key = rest.pop()) await removeOne(key)
        }
        await Promise.all(Array.from({ length: Math.min(AT_ONCE, rest.length) }, worker))
      }
    },
    below: list,
    async *pages(folder) {
      for (let after = ''; ;) {
        const { objects, isLast } = await list(folder, after, MOST_KEYS, '/')
        yield objects
        if (isLast) return
        after = objects.at(-1)?.key.slice(folder.length) ?? ''
      }
    },
  }
}

/** In the order in which COS lists: by the bytes of UTF-8. */
function isAfter(key: string, marker: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(marker)) > 0
}

/** What follows the folder in a URL-encoded key. The folder is known, and needs no decoding of a space that may have become a `+`. */
function nameBelow(folder: string, key: string): string {
  const parts = key.split(/\/|%2F/i)
  return parts
    .slice(folder.split('/').length - 1)
    .map(decodeURIComponent)
    .join('/')
}

/** Whether it can stand in XML 1.0 at all. */
function isXmlText(key: string): boolean {
  return !/[\u0000-\u001f\ufffe\uffff]/.test(key)
}

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' } as const

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char as keyof typeof ENTITIES])
}

function unescaped(text: string): string {
  return Object.entries(ENTITIES).reduceRight((rest, [char, entity]) => rest.replaceAll(entity, char), text)
}

/** The text of an element that holds no others; '' when there is none. */
function element(xml: string, name: string): string {
  return elements(xml, name)[0] ?? ''
}

/** What stands in each element of a name, in time that grows as the text does, whatever it holds. */
function elements(xml: string, name: string): string[] {
  const [, ...begun] = xml.split(`<${name}>`)
  return begun.flatMap((rest) => {
    const end = rest.indexOf(`</${name}>`)
    return end === -1 ? [] : [rest.slice(0, end)]
  })
}
