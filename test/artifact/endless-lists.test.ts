import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder'
import { openRelay, type Relay } from './open-relay'

const BUCKET = 'media-1250000000'
const WORKFLOW = 'w0123456789abcdef'
/** As the platform gives it: time for a sweep, and little enough for a test. */
const SWEEP = { callback: 10_000, sweep: 16_000 }

let folder: TemporaryFolder
let server: Server
let relay: Relay
let requests: string[]
beforeEach(() => {
  folder = temporaryFolder()
  requests = []
})
afterEach(async () => {
  await relay.kill()
  server.closeAllConnections()
  await new Promise((closed) => server.close(closed))
  folder.remove()
})

async function serve(answer: (url: URL) => string | null): Promise<string> {
  server = createServer((request, response) => {
    requests.push(request.url ?? '')
    request.resume().on('end', () => {
      const body = request.method === 'GET' ? answer(new URL(request.url ?? '', 'http://x')) : null
      response.writeHead(body === null ? 404 : 200, { 'content-type': 'application/xml' })
      response.end(body ?? '<Error><Code>NoSuchKey</Code></Error>')
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
}

const opened = (env: Readonly<Record<string, string>>): Relay =>
  (relay = openRelay(
    {
      QUEUE_URL: `file:${join(folder.path, 'queue')}`,
      TENCENT_SECRET_ID: 'AKIDxxxxxxxx',
      TENCENT_SECRET_KEY: 'kkkkkkkkkkkk',
      COS_REGION: 'ap-guangzhou',
      ...env,
    },
    { heapMb: 96, remainingMs: SWEEP },
  ))

const said = (msg: string): unknown[] =>
  relay
    .log()
    .filter((line) => line.msg === msg)
    .map(({ error }) => error)

describe('a COS whose list never ends', () => {
  const page = (keys: readonly string[]): string =>
    '<ListBucketResult><IsTruncated>true</IsTruncated>' +
    keys
      .map(
        (key) =>
          `<Contents><Key>${key}</Key><ETag>"1"</ETag><LastModified>2026-11-01T00:00:00.000Z</LastModified><Size>10</Size></Contents>`,
      )
      .join('') +
    '</ListBucketResult>'
  const keysFrom = (folder: string, first: number): string[] =>
    Array.from({ length: 1000 }, (_, i) => folder + String(first + i).padStart(64, '0'))

  const listed = (answer: (prefix: string, marker: string) => string): Promise<string> =>
    serve(({ searchParams }) => {
      const prefix = searchParams.get('prefix')
      if (prefix === null) return null
      return prefix.includes('outbox') ? answer(prefix, searchParams.get('marker') ?? '') : page([])
    })
  const storeAt = (endpoint: string): string =>
    `cos://${BUCKET}/relay?region=ap-guangzhou&endpoint=${endpoint}`

  test('that gives the same page again', async () => {
    opened({ STORE_URL: storeAt(await listed((prefix) => page(keysFrom(prefix, 0)))) })
    expect(await relay.sweep()).toEqual({ delivered: 0, failed: 0, dead: 0, waiting: -1, reconciled: 0 })
    expect(said('the sweep could not redeliver')).toEqual([expect.stringContaining('leads in a circle')])
    expect(relay.faults).toEqual([])
  })

  test('that goes on and on', async () => {
    const next = (marker: string): number => Number(/\d{64}$/.exec(marker)?.[0] ?? -1) + 1
    opened({ STORE_URL: storeAt(await listed((prefix, marker) => page(keysFrom(prefix, next(marker))))) })
    expect(await relay.sweep()).toMatchObject({ delivered: 0, failed: 0, dead: 0, reconciled: 0 })
    expect(relay.faults).toEqual([])
    // Nobody goes on for long with a list that nobody waits for.
    let asked = -1
    for (let seconds = 0; asked !== requests.length && seconds < 20; seconds += 1) {
      asked = requests.length
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
    expect(requests).toHaveLength(asked)
    expect(asked).toBeLessThan(8_000)
  }, 90_000)
})

describe('a CI whose list never ends', () => {
  const env = (endpoint: string): Record<string, string> => ({
    STORE_URL: `file:${join(folder.path, 'store')}`,
    CI_ENDPOINT: endpoint,
    RECONCILE: `${BUCKET}/${WORKFLOW}`,
  })
  const lastLine = (): unknown => relay.log().at(-1)?.msg

  test('that names the same next page again: a warning, and the sweep goes on', async () => {
    opened(env(await serve(() => '<Response><NextToken>123</NextToken></Response>')))
    expect(await relay.sweep()).toMatchObject({ reconciled: 0, waiting: 0 })
    expect(said('CI could not be reconciled with: a later sweep tries again')).toEqual([
      'CI leads from page to page in a circle',
    ])
    expect(requests).toHaveLength(2)
    expect(lastLine()).toBe('sweep')
  })

  test('that names ever new pages: until the time is up', async () => {
    let page = 0
    opened(env(await serve(() => `<Response><NextToken>${(page += 1)}</NextToken></Response>`)))
    expect(await relay.sweep()).toMatchObject({ reconciled: 0, waiting: 0 })
    expect(said('CI could not be reconciled with: a later sweep tries again')).toEqual([])
    expect(lastLine()).toBe('sweep')
    const asked = requests.length
    await relay.usage()
    expect(requests).toHaveLength(asked)
  })
})
