import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Credentials } from '../../src/tencent/credentials'
import { signatureFault } from './cos-signature'

/** One bucket, as far as the store uses it. */
export interface FakeCos {
  /** `http://127.0.0.1:PORT`, for `?endpoint=`. */
  readonly endpoint: string
  readonly credentials: Credentials
  /** Each request so far: `PUT /relay/claims/x`. */
  readonly requests: string[]
  readonly objects: Map<string, { body: string; etag: string; modified: number }>
  /** Answers the next requests with this error; null: as usual. */
  failure: { status: number; code: string; headers?: Record<string, string> } | null
  /** Objects whose reading ends in an error, or never. */
  readonly broken: Map<string, 'refuses' | 'hangs'>
  /** A bucket with versioning ignores x-cos-forbid-overwrite. */
  hasVersions: boolean
  /** Takes requests signed by a clock that the test has shifted; COS refuses them. */
  acceptsAnyTime: boolean
  /** Whether it removes many objects in one request; false: it refuses to. */
  removesMany: boolean
  /** Keys that it refuses to remove together with others. */
  readonly keeps: Set<string>
  /** A short page makes the client page. */
  longestPage: number
  close(): Promise<void>
}

export async function startFakeCos(): Promise<FakeCos> {
  const server = createServer((request, response) => {
    void answer(fake, request, response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const fake: FakeCos = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { secretId: 'AKIDfake', secretKey: 'fakeSecretKey', sessionToken: 'fake/token+==' },
    requests: [],
    objects: new Map(),
    failure: null,
    broken: new Map(),
    hasVersions: false,
    acceptsAnyTime: false,
    removesMany: true,
    keeps: new Set(),
    longestPage: 1000,
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
  return fake
}

async function answer(fake: FakeCos, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks).toString('utf8')
  const url = new URL(request.url ?? '/', fake.endpoint)
  const key = decodeURIComponent(url.pathname).slice(1)
  fake.requests.push(`${String(request.method)} ${decodeURIComponent(url.pathname)}`)

  const refuse = (status: number, code: string, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'content-type': 'application/xml', ...headers })
    response.end(
      `<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n\t<Code>${code}</Code>\n\t<Message>${code} it is.</Message>\n` +
        `\t<Resource>${url.host}</Resource>\n\t<RequestId>NWRjZmFrZQ==</RequestId>\n</Error>\n`,
    )
  }

  const fault = signatureFault(request, fake.credentials)
  if (fault !== null && !(fake.acceptsAnyTime && fault === 'RequestTimeTooSkewed')) {
    refuse(403, fault)
    return
  }
  if (fake.failure !== null) {
    refuse(fake.failure.status, fake.failure.code, fake.failure.headers)
    return
  }
  if (Buffer.byteLength(key) > 850) {
    refuse(400, 'KeyTooLong')
    return
  }

  const fate = request.method === 'GET' ? fake.broken.get(key) : undefined
  if (fate === 'hangs') return
  if (fate === 'refuses') {
    refuse(403, 'AccessDenied')
    return
  }

  const object = fake.objects.get(key)
  if (request.method === 'PUT') {
    if (request.headers['content-length'] === undefined) {
      refuse(411, 'MissingContentLength')
      return
    }
    const mayOverwrite = request.headers['x-cos-forbid-overwrite'] !== 'true' || fake.hasVersions
    if (object !== undefined && !mayOverwrite) {
      refuse(409, 'FileAlreadyExists')
      return
    }
    const etag = `"${createHash('md5').update(body).digest('hex')}"`
    fake.objects.set(key, { body, etag, modified: Date.now() })
    response.writeHead(200, { etag, ...(fake.hasVersions ? { 'x-cos-version-id': 'MTg0NDUx' } : {}) })
    response.end()
  } else if (request.method === 'DELETE') {
    fake.objects.delete(key)
    response.writeHead(204).end()
  } else if (request.method === 'POST' && key === '' && url.searchParams.has('delete')) {
    removeMany(fake, request, body, refuse, response)
  } else if (request.method === 'GET' && key === '') {
    listObjects(fake, url.searchParams, response)
  } else if (request.method === 'GET') {
    if (object === undefined) {
      refuse(404, 'NoSuchKey')
      return
    }
    const bytes = Buffer.from(object.body)
    const range = /^bytes=0-(\d+)$/.exec(request.headers.range ?? '')
    const part = range === null ? bytes : bytes.subarray(0, Number(range[1]) + 1)
    response.writeHead(range === null ? 200 : 206, { etag: object.etag, 'content-length': part.length })
    response.end(part)
  } else refuse(405, 'MethodNotAllowed')
}

/** DELETE Multiple Objects (436/8289). */
function removeMany(
  fake: FakeCos,
  request: IncomingMessage,
  body: string,
  refuse: (status: number, code: string) => void,
  response: ServerResponse,
): void {
  if (!fake.removesMany) {
    refuse(405, 'MethodNotAllowed')
    return
  }
  if (request.headers['content-md5'] !== createHash('md5').update(body).digest('base64')) {
    refuse(400, 'InvalidDigest')
    return
  }
  const objects = [...body.matchAll(/<Object><Key>([^<]*)<\/Key><\/Object>/g)].map(([, key = '']) =>
    key.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => XML[name] ?? ''),
  )
  const isWhole =
    body.replace(/<Object><Key>[^<]*<\/Key><\/Object>/g, '') === '<Delete><Quiet>true</Quiet></Delete>'
  if (!isWhole || objects.length === 0 || objects.length > 1000) {
    refuse(400, 'MalformedXML')
    return
  }
  const kept = objects.filter((key) => fake.keeps.has(key))
  for (const key of objects) if (!fake.keeps.has(key)) fake.objects.delete(key)
  response.writeHead(200, { 'content-type': 'application/xml' })
  const errors = kept.map((key) => {
    const escaped = key.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
    return `<Error><Key>${escaped}</Key><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>`
  })
  response.end(`<?xml version='1.0' encoding='utf-8' ?>\n<DeleteResult>${errors.join('')}</DeleteResult>`)
}

const XML: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }

/** GET Bucket (436/7734), with encoding-type=url as the store asks for. */
function listObjects(fake: FakeCos, query: URLSearchParams, response: ServerResponse): void {
  const prefix = query.get('prefix') ?? ''
  const marker = query.get('marker') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const longest = Math.min(Number(query.get('max-keys') ?? 1000), fake.longestPage)
  const keys = [...fake.objects.keys()]
    .filter(
      (key) =>
        key.startsWith(prefix) &&
        key > marker &&
        !(delimiter !== '' && key.slice(prefix.length).includes(delimiter)),
    )
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const page = keys.slice(0, longest)
  const encode = (text: string): string =>
    query.get('encoding-type') === 'url'
      ? encodeURIComponent(text)
      : text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const contents = page.map((key) => {
    const { body, etag, modified } = fake.objects.get(key)!
    return (
      `<Contents><Key>${encode(key)}</Key><LastModified>${new Date(modified).toISOString()}</LastModified>` +
      `<ETag>${etag.replaceAll('"', '&quot;')}</ETag><Size>${Buffer.byteLength(body)}</Size>` +
      `<Owner><ID>1250000000</ID></Owner><StorageClass>STANDARD</StorageClass></Contents>`
    )
  })
  const next = page.at(-1)
  const isTruncated = page.length < keys.length
  response.writeHead(200, { 'content-type': 'application/xml' })
  response.end(
    `<?xml version='1.0' encoding='utf-8' ?>\n<ListBucketResult><Name>fake</Name><Prefix>${encode(prefix)}</Prefix>` +
      `<Marker>${encode(marker)}</Marker><MaxKeys>${longest}</MaxKeys><IsTruncated>${String(isTruncated)}</IsTruncated>` +
      `${isTruncated && next !== undefined ? `<NextMarker>${encode(next)}</NextMarker>` : ''}${contents.join('')}</ListBucketResult>`,
  )
}
