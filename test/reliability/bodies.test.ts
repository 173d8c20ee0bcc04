import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { KINDS, LARGEST } from '../../tools/bench/body-kinds.cjs'
import { temporaryFolder } from '../support/temporary-folder'
import { openRelay } from '../artifact/open-relay'

const folder = temporaryFolder()
let robot: Server

beforeAll(async () => {
  robot = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json')
      response.end('{"errcode":0,"errmsg":"ok"}')
    })
  })
  await new Promise((listening) => robot.listen(0, '127.0.0.1', () => listening(null)))
})
afterAll(() => {
  robot.close()
  folder.remove()
})

/** Here, where nothing else runs: on a busy machine V8 comes late to collect garbage. What is left of 128 MB for the heap. Time is for the bench: here it is a bound that only a step beyond linear could break. */
const HEAP_MB = 96
const MOST_MB = 128
const LONGEST_MS = 25_000

/** Each once: one as text, the next as base64. The bench tries each as both. */
const sentAs = KINDS.map(
  ([name, status, make], index) => [name, index % 2 === 0 ? 'text' : 'base64', status, make] as const,
)

test.each(sentAs)('6 MiB of %s, as %s', async (_, form, status, make) => {
  const { port } = robot.address() as AddressInfo
  const relay = openRelay(
    {
      QUEUE_URL: `file:${join(folder.path, 'queue.jsonl')}`,
      ALERT_URLS: `file:${join(folder.path, 'alerts.jsonl')} console: wecom://key?endpoint=http://127.0.0.1:${port}`,
      STORE_URL: 'memory:',
    },
    { heapMb: HEAP_MB },
  )
  try {
    const body = make(LARGEST)
    const answer =
      form === 'text'
        ? await relay.post(body)
        : await relay.post(Buffer.from(body).toString('base64'), { isBase64Encoded: true })
    expect(answer.status).toBe(status)
    expect(answer.ms).toBeLessThan(LONGEST_MS)
    expect((await relay.usage()).peakRssMb).toBeLessThanOrEqual(MOST_MB)
    expect(relay.faults).toEqual([])
  } finally {
    await relay.kill()
  }
})
