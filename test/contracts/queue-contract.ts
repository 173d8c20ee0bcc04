import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CloudEvent } from 'cloudevents'
import { callbackXml, runId } from '../artifact/callbacks'
import { type Answered, openRelay, type Relay } from '../artifact/open-relay'
import { validateMessage } from '../support/schema'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy'

/** A queue as the contract knows it: by what a user sets, and by what arrives at the server. */
export interface QueueUnderTest {
  /** The server, `127.0.0.1:5690`; of no matter for a queue on disk. */
  readonly server: string
  /** The port that the server tells its clients to come to, when it tells them one. */
  readonly proxyPort?: number
  /** What is set for the queue at an address: the server's, or a proxy's. */
  env(address: string): Readonly<Record<string, string>>
  /** The same for a queue that takes no message, and why. */
  readonly refuse: { env(address: string): Readonly<Record<string, string>>; readonly words: RegExp }
  /** Credentials in either: never in the log, in the answer, or in what is parked. */
  readonly secrets: readonly string[]
  /** Every event that has arrived since the last call, as JSON. */
  received(): Promise<unknown[]>
  close(): Promise<void> | void
}

/** After so long what was tried once is due; and CMQ takes a clock that is not five minutes from its own. */
const LATER_MS = 240_000
/** What a callback may take in all. */
const IN_TIME_MS = 6000

/** What every queue of the built function does, on a good network and on a bad one. */
export function queueContract(
  name: string,
  setup: () => Promise<QueueUnderTest>,
  where: 'network' | 'disk' = 'network',
): void {
  describe(`${name} keeps the contract of queues`, () => {
    let subject: QueueUnderTest
    let proxy: TcpProxy
    let dir: string
    let relays: Relay[] = []
    const traces: string[] = []

    beforeAll(async () => {
      subject = await setup()
      proxy = await startTcpProxy(subject.server, subject.proxyPort ?? 0)
    }, 60_000)

    afterAll(async () => {
      await proxy.close()
      await subject.close()
    })

    beforeEach(async () => {
      await proxy.pass()
      await subject.received()
      dir = mkdtempSync(join(tmpdir(), 'relay-contract-'))
    })

    afterEach(async () => {
      for (const relay of relays) {
        await relay.kill()
        traces.push(relay.printed())
      }
      relays = []
      proxy.cut()
      for (const path of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
        const file = join(dir, path)
        if (statSync(file).isFile()) traces.push(readFileSync(file, 'utf8'))
      }
      rmSync(dir, { recursive: true })
    })

    function open(env: Readonly<Record<string, string>> = subject.env(proxy.address)): Relay {
      const relay = openRelay({ STORE_URL: `file:${dir}/store`, ...env })
      relays.push(relay)
      return relay
    }

    async function expectOutcome(
      relay: Relay,
      outcome: 'queued' | 'parked',
      ...bodies: readonly string[]
    ): Promise<void> {
      const told = await Promise.all(bodies.map(async (body): Promise<Answered> => relay.post(body)))
      for (const answer of told) {
        expect(answer).toMatchObject({ status: 200, outcome })
        expect(answer.ms).toBeLessThan(IN_TIME_MS)
        traces.push(JSON.stringify(answer))
      }
    }

    /** What was parked goes out by the sweep. */
    async function expectDrained(relay: Relay, delivered: number): Promise<void> {
      await relay.passTime(LATER_MS)
      expect(await relay.sweep()).toMatchObject({ delivered, failed: 0, dead: 0, waiting: 0 })
    }

    /** Each is as its schema has it. */
    async function received(): Promise<readonly unknown[]> {
      const events = await subject.received()
      events.forEach(validateMessage)
      return events
    }

    async function arrived(): Promise<readonly string[]> {
      return (await received()).map((event) => (event as { data: { runId: string } }).data.runId).sort()
    }

    test('delivers the event as it is, a valid CloudEvent', async () => {
      const file = join(dir, 'reference.jsonl')
      const body = callbackXml('i-as-it-is', 'videos/视频 1+"2"&amp;%41.mp4')
      await expectOutcome(open({ QUEUE_URL: `file:${file}` }), 'queued', body)
      // Not the same ledger: it is the same callback.
      await expectOutcome(open({ ...subject.env(proxy.address), STORE_URL: 'memory:' }), 'queued', body)
      const events = await received()
      expect(events).toEqual([JSON.parse(readFileSync(file, 'utf8'))])
      expect(new CloudEvent(events[0] as object, true).validate()).toBe(true)
      expect(events[0]).toMatchObject({
        data: { runId: 'i-as-it-is' },
        subject: 'videos/视频 1+"2"&%41.mp4',
      })
    })

    test('delivers many at once, each once', async () => {
      const ids = Array.from({ length: 40 }, (_, index) => runId('many', index))
      await expectOutcome(open(), 'queued', ...ids.map((id) => callbackXml(id, `${id}.mp4`)))
      expect(await arrived()).toEqual(ids.map((id) => id))
    })

    test('delivers a message of many packets', async () => {
      await expectOutcome(open(), 'queued', largeCallback('i-large'))
      const [event] = await received()
      expect((event as { data: { headers: object } }).data.headers).toEqual({ 'x-cos-meta-note': LARGE })
    })

    test('says why a message was refused, and parks it', async () => {
      const relay = open(subject.refuse.env(proxy.address))
      await expectOutcome(relay, 'parked', callbackXml('i-refused'))
      const line = relay.log().find(({ msg }) => msg.startsWith('a delivery failed'))
      expect(line?.['error']).toMatch(subject.refuse.words)
      expect(await arrived()).toEqual([])
    })

    if (where === 'network') {
      test('gives up in time when nobody answers a new connection, and delivers later', async () => {
        proxy.blackHole()
        const relay = open()
        await expectOutcome(relay, 'parked', callbackXml('i-hangs'))
        expect(relay.printed()).toMatch(/no answer within/)
        await proxy.pass()
        proxy.cut()
        await expectDrained(relay, 1)
        expect(await arrived()).toEqual(['i-hangs'])
      })

      test('gives up in time when a connection falls silent, and opens another', async () => {
        const relay = open()
        await expectOutcome(relay, 'queued', callbackXml('i-silent-1', 'one'))
        proxy.blackHole()
        await expectOutcome(
          relay,
          'parked',
          callbackXml('i-silent-2', 'two'),
          callbackXml('i-silent-3', 'three'),
        )
        await proxy.pass()
        // On a busy machine the first one may only begin the connection.
        let last = 4
        while ((await relay.post(callbackXml(`i-silent-${last}`))).outcome !== 'queued' && last < 6) last += 1
        await expectDrained(relay, last - 2)
        expect(await arrived()).toEqual(Array.from({ length: last }, (_, n) => `i-silent-${n + 1}`))
      })

      test('parks what was cut in the middle, and delivers it once', async () => {
        const relay = open()
        proxy.cutAfter(50_000)
        await expectOutcome(relay, 'parked', largeCallback('i-cut'))
        await proxy.pass()
        await expectDrained(relay, 1)
        expect(await arrived()).toEqual(['i-cut'])
      })

      test('finds out at work that its idle connection was dropped, and goes on', async () => {
        const relay = open()
        await expectOutcome(relay, 'queued', callbackXml('i-idle-1', 'one'))
        proxy.cut()
        await expectOutcome(relay, 'queued', callbackXml('i-idle-2', 'two'))
        expect(await arrived()).toEqual(['i-idle-1', 'i-idle-2'])
      })

      test('delivers what has waited in the order of its arrival, object by object, many at a time', async () => {
        const relay = open({ ...subject.env(proxy.address), STORE_URL: 'memory:' })
        await proxy.refuse()
        const ids = Array.from({ length: 150 }, (_, index) => runId('waited', index))
        const objectOf = (id: string): string => `${ids.indexOf(id) % 4}.mp4`
        await expectOutcome(relay, 'parked', ...ids.map((id) => callbackXml(id, objectOf(id))))
        await proxy.pass()
        await expectDrained(relay, ids.length)
        const got = (await received()).map((event) => (event as { data: { runId: string } }).data.runId)
        expect(got.toSorted()).toEqual(ids.toSorted())
        for (const object of ['0.mp4', '1.mp4', '2.mp4', '3.mp4'])
          expect(got.filter((id) => objectOf(id) === object)).toEqual(
            ids.filter((id) => objectOf(id) === object),
          )
      })

      test('delivers when the server is back', async () => {
        const relay = open()
        await expectOutcome(relay, 'queued', callbackXml('i-back-1', 'one'))
        await proxy.refuse()
        await expectOutcome(relay, 'parked', callbackXml('i-back-2', 'two'))
        expect(relay.printed()).toContain('ECONNREFUSED')
        await proxy.pass()
        await expectOutcome(relay, 'queued', callbackXml('i-back-3', 'three'))
        await expectDrained(relay, 1)
        expect(await arrived()).toEqual([1, 2, 3].map((n) => `i-back-${n}`))
      })

      test('lets the process end: after a delivery, a server that hangs, and one that is not there', async () => {
        const [after, hanging, absent] = [open(), open(), open()]
        await expectOutcome(after, 'queued', callbackXml('i-end-1', 'one'))
        await after.end()
        proxy.blackHole()
        await expectOutcome(hanging, 'parked', callbackXml('i-end-2', 'two'))
        await hanging.end()
        await proxy.refuse()
        await expectOutcome(absent, 'parked', callbackXml('i-end-3', 'three'))
        await absent.end()
      })
    }

    test('never shows a credential', () => {
      expect(traces.length).toBeGreaterThan(3)
      const shown = traces.join('\n')
      for (const secret of subject.secrets)
        for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
          expect(shown.includes(form)).toBe(false)
    })
  })
}

const LARGE = 'k'.repeat(300_000)

function largeCallback(id: string): string {
  const headers = `<CosHeaders><Key>x-cos-meta-note</Key><Value>${LARGE}</Value></CosHeaders>`
  return callbackXml(id).replace('</WorkflowExecution>', `${headers}</WorkflowExecution>`)
}
