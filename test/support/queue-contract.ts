import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { CloudEvent } from 'cloudevents'
import type { Queue } from '../../src/queues/queue'
import { bundleChild, runChild } from './child-process'
import { sampleEvent } from './events'
import { startTcpProxy, type TcpProxy } from './tcp-proxy'

/** What the contract needs to know of a driver and of the server behind it. */
export interface QueueUnderTest {
  /** The server, `127.0.0.1:5690`. */
  readonly server: string
  /** The port that the server tells its clients to come to, when it tells them one. */
  readonly proxyPort?: number
  /** The queue's URL at an address: the server's or a proxy's. */
  url(address: string): string
  open(url: string): Queue
  /** A queue at the server that takes no message, and why. */
  readonly refusing: { url(address: string): string; readonly words: RegExp }
  /** Credentials in the URLs: never in an error. */
  readonly secrets: readonly string[]
  /** Every event that has arrived since the last call, as JSON. */
  received(): Promise<unknown[]>
}

const LONG_MS = 5000
const SHORT_MS = 400

/** What every queue driver does, on a good network and on a bad one. */
export function queueContract(setup: () => QueueUnderTest): void {
  describe('keeps the contract of queues', () => {
    let subject: QueueUnderTest
    let proxy: TcpProxy
    let queue: Queue
    const errors: unknown[] = []

    beforeAll(async () => {
      subject = setup()
      proxy = await startTcpProxy(subject.server, subject.proxyPort ?? 0)
    })

    afterAll(() => proxy.close())

    beforeEach(async () => {
      await subject.received()
      await proxy.pass()
      queue = subject.open(subject.url(proxy.address))
    })

    afterEach(async () => {
      await queue.close()
      proxy.cut()
    })

    /** The error of a publish that must fail. */
    async function failure(publishing: Promise<void>): Promise<Error> {
      const error: unknown = await publishing.then(
        () => new Error('the publish succeeded'),
        (reason: unknown) => reason,
      )
      errors.push(error)
      expect(error).toMatchObject({ name: 'DeliveryError' })
      return error as Error
    }

    test('delivers the CloudEvent as it is', async () => {
      const event = sampleEvent('delivers-1')
      await queue.publish(event, AbortSignal.timeout(LONG_MS))
      const received = await subject.received()
      expect(received).toEqual([event])
      expect(new CloudEvent(received[0] as object, true).validate()).toBe(true)
    })

    test('delivers many at once, each once', async () => {
      const events = Array.from({ length: 50 }, (_, index) => sampleEvent(`many-${String(index)}`))
      await Promise.all(events.map((event) => queue.publish(event, AbortSignal.timeout(LONG_MS))))
      const ids = (await subject.received()).map((event) => (event as { id: string }).id)
      expect(ids.sort()).toEqual(events.map(({ id }) => id).sort())
    })

    test('delivers a message of many packets', async () => {
      const event = sampleEvent('large', 'k'.repeat(300_000))
      await queue.publish(event, AbortSignal.timeout(LONG_MS))
      expect(await subject.received()).toEqual([event])
    })

    test('says why a message was refused', async () => {
      const refusing = subject.open(subject.refusing.url(proxy.address))
      const error = await failure(refusing.publish(sampleEvent('refused'), AbortSignal.timeout(LONG_MS)))
      await refusing.close()
      expect(error.message).toMatch(subject.refusing.words)
      expect(await subject.received()).toEqual([])
    })

    test('does nothing when the time is up before it starts', async () => {
      const before = proxy.connections
      await failure(queue.publish(sampleEvent('late'), AbortSignal.abort()))
      expect(proxy.connections).toBe(before)
    })

    test('stops at the deadline when nobody answers a new connection', async () => {
      proxy.blackHole()
      const error = await failure(queue.publish(sampleEvent('hangs-1'), AbortSignal.timeout(SHORT_MS)))
      expect(error.message).toContain('no answer within the time allowed')
      await proxy.pass()
      await queue.publish(sampleEvent('hangs-2'), AbortSignal.timeout(LONG_MS))
      expect(await subject.received()).toEqual([sampleEvent('hangs-2')])
    })

    test('stops at the deadline when a connection falls silent, and opens another', async () => {
      await queue.publish(sampleEvent('silent-1'), AbortSignal.timeout(LONG_MS))
      proxy.blackHole()
      await Promise.all(
        ['silent-2', 'silent-3'].map((id) =>
          failure(queue.publish(sampleEvent(id), AbortSignal.timeout(SHORT_MS))),
        ),
      )
      await proxy.pass()
      await queue.publish(sampleEvent('silent-4'), AbortSignal.timeout(LONG_MS))
      const ids = (await subject.received()).map((event) => (event as { id: string }).id)
      expect(ids).toEqual(['silent-1', 'silent-4'])
    })

    test('fails, not hangs, when the connection is cut in the middle of a message', async () => {
      proxy.cutAfter(50_000)
      await failure(queue.publish(sampleEvent('cut-1', 'k'.repeat(300_000)), AbortSignal.timeout(LONG_MS)))
      await proxy.pass()
      await queue.publish(sampleEvent('cut-2'), AbortSignal.timeout(LONG_MS))
      expect(await subject.received()).toEqual([sampleEvent('cut-2')])
    })

    test('finds a connection that was dropped while idle, and opens another', async () => {
      await queue.publish(sampleEvent('idle-1'), AbortSignal.timeout(LONG_MS))
      proxy.cut()
      await sleep(50)
      await queue.publish(sampleEvent('idle-2'), AbortSignal.timeout(LONG_MS))
      expect(await subject.received()).toEqual([sampleEvent('idle-1'), sampleEvent('idle-2')])
    })

    test('finds out at work that its idle connection was dropped, as after a freeze, and goes on', async () => {
      await queue.publish(sampleEvent('frozen-1'), AbortSignal.timeout(LONG_MS))
      proxy.cut()
      await queue.publish(sampleEvent('frozen-2'), AbortSignal.timeout(LONG_MS))
      expect(await subject.received()).toEqual([sampleEvent('frozen-1'), sampleEvent('frozen-2')])
    })

    test('recovers when the server returns', async () => {
      await queue.publish(sampleEvent('back-1'), AbortSignal.timeout(LONG_MS))
      await proxy.refuse()
      const error = await failure(queue.publish(sampleEvent('back-2'), AbortSignal.timeout(LONG_MS)))
      expect(error.message).toContain('ECONNREFUSED')
      await proxy.pass()
      await queue.publish(sampleEvent('back-3'), AbortSignal.timeout(LONG_MS))
      expect(await subject.received()).toEqual([sampleEvent('back-1'), sampleEvent('back-3')])
    })

    test('opens again after it was closed', async () => {
      await queue.publish(sampleEvent('close-1'), AbortSignal.timeout(LONG_MS))
      await queue.close()
      await queue.publish(sampleEvent('close-2'), AbortSignal.timeout(LONG_MS))
      expect(await subject.received()).toEqual([sampleEvent('close-1'), sampleEvent('close-2')])
    })

    describe('lets the process end', () => {
      const dir = mkdtempSync(join(tmpdir(), 'relay-child-'))
      const script = join(dir, 'child.js')

      beforeAll(() => bundleChild('child-publisher.ts', script))
      afterAll(() => rmSync(dir, { recursive: true }))

      test('with an idle connection', async () => {
        expect(await runChild(script, publisher(subject.url(proxy.address), LONG_MS))).toBe('published')
        await subject.received()
      })

      test('after a server that does not answer', async () => {
        proxy.blackHole()
        expect(await runChild(script, publisher(subject.url(proxy.address), SHORT_MS))).toBe('DeliveryError')
      })

      test('after a server that is not there', async () => {
        await proxy.refuse()
        expect(await runChild(script, publisher(subject.url(proxy.address), LONG_MS))).toBe('DeliveryError')
      })
    })

    test('never shows a credential in an error', () => {
      expect(errors.length).toBeGreaterThan(0)
      const shown = errors.map((error) => inspect(error, { depth: 10, showHidden: true })).join('\n')
      for (const secret of subject.secrets) {
        expect(shown).not.toContain(secret)
        expect(shown).not.toContain(encodeURIComponent(secret))
      }
    })
  })
}

/** The environment of child-publisher.ts. */
function publisher(url: string, deadlineMs: number): Record<string, string> {
  return { QUEUE_URL: url, DEADLINE_MS: String(deadlineMs) }
}
