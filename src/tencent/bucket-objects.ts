import { Deadline } from '../delivery/deadline'
import { type Endpoint, endpointAt } from '../delivery/driver'
import type { HttpAnswer } from '../delivery/http'
import { failed } from '../delivery/peer'
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
  /** The objects right below `folder` (`a/b/`), a thousand at most at a time. Throws, too, when COS leads in a circle. */
  pages(folder: string): AsyncIterable<readonly ListedObject[]>
}

/** How long COS may take over one request. */
const DEADLINE_MS = 3000

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
    async remove(key) {
      await ask('removing', [200, 204, 404], 'DELETE', key)
    },
    async *pages(folder) {
      for (let marker = ''; ;) {
        const query = { prefix: folder, marker, delimiter: '/', 'encoding-type': 'url', 'max-keys': '1000' }
        const { body, peer } = await ask('listing', [200], 'GET', '', { query })
        const page = elements(body, 'Contents').map((contents) => ({
          key: folder + nameIn(element(contents, 'Key')),
          etag: element(contents, 'ETag'),
          modified: Date.parse(element(contents, 'LastModified')),
          bytes: Number(element(contents, 'Size')),
        }))
        yield page
        const last = page.at(-1)
        if (element(body, 'IsTruncated') !== 'true' || last === undefined) return
        if (!isAfter(last.key, marker))
          throw failed(peer, `${target.bucket}: listing: the list leads in a circle`)
        marker = last.key
      }
    },
  }
}

/** In the order in which COS lists: by the bytes of UTF-8. */
function isAfter(key: string, marker: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(marker)) > 0
}

/** Of a URL-encoded key. The folder is known, and needs no decoding of a space that may have become a `+`. */
function nameIn(key: string): string {
  return decodeURIComponent(key.slice(key.lastIndexOf('/') + 1).replace(/^.*%2F/i, ''))
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
