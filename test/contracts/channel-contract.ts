import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from '../support/properties'
import { runId } from '../artifact/callbacks'
import { type Answered, answered, openRelay, type Relay } from '../artifact/open-relay'
import { callbackEvent } from '../artifact/callbacks'
import { BUCKET, jobCallback, workflowCallback } from '../support/failed-callback'
import { type FakeRobot, serveRobot } from '../support/fake-robot'
import { hostileText } from '../support/hostile-names'
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder'

/** The other side of a channel: what it took, and the ways to make it fail. A way that is absent does not exist for it. */
export interface ChannelPeer {
  /** ALERT_URLS. */
  readonly url: string
  /** Texts that nobody may see. */
  readonly secrets: readonly string[]
  /** What a person could read of each alert taken, oldest first. */
  told(relay: Relay): readonly string[]
  /** Throws when the last alert taken carries markup from outside, or is broken. */
  inspectLast?(relay: Relay): void
  /** Each makes it answer with something that is not its success. */
  readonly refusals?: readonly (() => unknown)[]
  readonly throttle?: () => unknown
  /** Each makes it answer nothing, or no whole answer, or nobody at all. */
  readonly failures?: Readonly<Record<string, () => unknown>>
  /** Answers each request with a redirect there. */
  readonly redirect?: (location: string) => unknown
  /** The objects with an incident that is open: for channels that know incidents. */
  readonly open?: () => readonly string[]
  /** As it was: it takes what is right. */
  mend(): unknown
  /** Shifts its clock, as the relay's is shifted. */
  passTime?(ms: number): void
  close(): unknown
}

type Way = 'refusals' | 'throttle' | 'failures' | 'redirect' | 'open'

export interface Traits {
  /** What can be done to it, and what it knows. */
  readonly ways: readonly Way[]
  /** The alert is there in words; false: only its event is. */
  readonly inWords: boolean
  /** How many of 13,000 tasks a message names: all in an event, `LISTED` in words without a limit; null: as many as fit. */
  readonly tasks: number | null
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** The size promised. */
export const TASKS = 13_000
/** An alert lists no more: nobody reads them, and the event beside it holds all. */
export const LISTED = 2_000
const LESSON = 'uploads/2022/07/18/课程_lesson-03 (final).mp4'
const NAMES = ['Transcode_1581665960537', 'Snapshot_1581665960538', 'Watermark_[v2]_final']

/** What every alert channel promises of the built function, driven by callbacks alone. */
export function channelContract(name: string, traits: Traits, openPeer: () => Promise<ChannelPeer>): void {
  describe(name, () => {
    let peer: ChannelPeer
    let relay: Relay
    let folder: TemporaryFolder
    let number = 0
    /** What people or programs could have seen: answers, and what stood in the store. */
    const seen: string[] = []

    beforeAll(async () => {
      peer = await openPeer()
      folder = temporaryFolder()
      const env = {
        ALERT_URLS: peer.url,
        ALERT_LANG: 'en',
        QUEUE_URL: 'file:/dev/null',
        STORE_URL: `file:${folder.path}/store`,
      }
      relay = openRelay(env, { instances: 2 })
      // The second instance speaks Chinese.
      await relay.handle({ ...callbackEvent(''), httpMethod: 'GET' }, 0)
      await relay.setEnv({ ALERT_LANG: 'zh' })
      await relay.handle({ ...callbackEvent(''), httpMethod: 'GET' }, 1)
    })
    afterAll(async () => {
      await relay.kill()
      await peer.close()
      folder.remove()
    })
    // Each test leaves the channel's limits behind; and the timer has run meanwhile.
    beforeEach(async () => {
      await pass(30 * MINUTE)
      await relay.sweep()
    })

    const pass = async (ms: number): Promise<void> => {
      peer.passTime?.(ms)
      await relay.passTime(ms)
    }
    const next = (): string => runId('n', (number += 1))
    const send = async (body: string, instance = 0): Promise<Omit<Answered, 'ms'>> => {
      const answer = answered(await relay.handle(callbackEvent(body), instance))
      seen.push(JSON.stringify(answer))
      return answer
    }
    const fail = async (id: string, object = LESSON, state = 'Failed'): Promise<unknown> =>
      (await send(workflowCallback({ runId: id, object, workflow: 'Lesson videos', tasks: NAMES, state })))
        .outcome
    /** What has been told since there were so many; a terminal's text comes by a pipe of its own. */
    const toldSince = async (before: number): Promise<readonly string[]> => {
      for (let tries = 0; peer.told(relay).length === before && tries < 40; tries += 1) await sleep(5)
      return peer.told(relay).slice(before)
    }
    const keepStore = (): void => {
      for (const entry of readdirSync(folder.path, { recursive: true, withFileTypes: true }))
        if (entry.isFile()) seen.push(readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    }
    /** Why the last delivery failed, as the log has it. */
    const lastError = async (): Promise<string> => {
      await sleep(20)
      return String(relay.log().findLast(({ msg }) => msg === 'a delivery failed: parked')?.['error'])
    }
    /** The channel works again: what waits is told of, whatever it takes. */
    const recover = async (): Promise<void> => {
      keepStore()
      await peer.mend()
      for (let waiting = 1, sweeps = 0; waiting > 0; sweeps += 1) {
        if (sweeps > 20) throw new Error(`${waiting} alerts still wait`)
        await pass(2 * HOUR)
        waiting = (await relay.sweep()).waiting
      }
    }

    const testOf = <W extends Way>(
      way: W,
      title: string,
      run: (able: Required<Pick<ChannelPeer, W>>) => Promise<void>,
    ): void => {
      if (traits.ways.includes(way))
        test(title, async () => run(peer as ChannelPeer & Required<Pick<ChannelPeer, W>>))
    }

    test.each([
      ['English', 0, ['Workflow failed', 'Object', 'Bucket', 'Failed tasks (3 of 3)', 'Reason']],
      ['Chinese', 1, ['工作流执行失败', '文件', '存储桶', '失败任务（3/3）', '原因']],
    ])('an alert in %s arrives whole', async (_, instance, words) => {
      const before = peer.told(relay).length
      const id = next()
      const body = workflowCallback({ runId: id, object: LESSON, workflow: '课程 videos', tasks: NAMES })
      expect((await send(body, instance)).outcome).toBe('alerted')
      const texts = await toldSince(before)
      expect(texts).toHaveLength(1)
      peer.inspectLast?.(relay)
      const values = [id, LESSON, BUCKET, '课程 videos', ...NAMES, ...NAMES.map((_, n) => `j${id}${n}`)]
      for (const value of [...values, ...(traits.inWords ? words : [])])
        expect(flat(texts[0])).toContain(value)
    })

    test('a job that failed: its reason', async () => {
      const before = peer.told(relay).length
      const jobId = `j${next()}`
      const message = 'the input has no video stream; 没有视频流'
      expect(
        (await send(jobCallback({ jobId, object: LESSON, code: 'InvalidVideo', message }))).outcome,
      ).toBe('alerted')
      const [text] = await toldSince(before)
      for (const value of [jobId, LESSON, 'InvalidVideo', message]) expect(flat(text)).toContain(value)
    })

    test('a body that nobody can read is told of', async () => {
      const before = peer.told(relay).length
      expect((await send('<Response>')).status).toBe(400)
      const [text] = await toldSince(before)
      peer.inspectLast?.(relay)
      expect(flat(text)).toContain('A callback could not be read')
    })

    test(`${TASKS} failed tasks: fits, keeps title, facts and footer, counts what is left out`, async () => {
      const before = peer.told(relay).length
      const id = next()
      const tasks = Array.from({ length: TASKS }, (_, index) => `Transcode_${1600000000000 + index}`)
      expect(
        (await send(workflowCallback({ runId: id, object: LESSON, workflow: 'Lesson videos', tasks })))
          .outcome,
      ).toBe('alerted')
      const [text] = await toldSince(before)
      peer.inspectLast?.(relay)
      const shown = new Set(flat(text).match(/Transcode_16\d{11}/g)).size
      for (const value of [id, LESSON, BUCKET, 'Lesson videos']) expect(flat(text)).toContain(value)
      expect(shown).toBeGreaterThan(3)
      expect(shown).toBe(traits.tasks ?? shown)
      if (shown < TASKS) expect(flat(text)).toContain(`and ${String(TASKS - shown)} more tasks`)
    })

    test('hostile names: fits, stays well formed, and leaves no markup active', async () => {
      await fc.assert(
        fc.asyncProperty(
          hostileText,
          hostileText,
          fc.array(hostileText, { maxLength: 40 }),
          fc.constantFrom('Failed', 'Cancel'),
          async (object, workflow, tasks, state) => {
            await pass(2 * MINUTE)
            // As the timer does; else the team would be told that it does not.
            await relay.sweep()
            const before = peer.told(relay).length
            // Halves of surrogate pairs cannot be read: the team is told of that.
            const { status } = await send(workflowCallback({ runId: next(), object, workflow, tasks, state }))
            expect([200, 400]).toContain(status)
            expect(await toldSince(before)).toHaveLength(1)
            peer.inspectLast?.(relay)
          },
        ),
        { numRuns: 25 },
      )
    })

    testOf(
      'refusals',
      'an answer that is not its success: parked, with the reason in the log and in the store, and told later',
      async ({ refusals }) => {
        const before = peer.told(relay).length
        const ids: string[] = []
        for (const refuse of refusals) {
          await refuse()
          const id = next()
          ids.push(id)
          expect(await fail(id, `${id}.mp4`)).toBe('parked')
          const error = await lastError()
          expect(error).toMatch(new RegExp(`^${schemeOf(peer.url).replace(/s$/, '')}s?: .{5,}`))
          keepStore()
          expect(seen.some((text) => text.includes(JSON.stringify(error).slice(1, -1)))).toBe(true)
          await pass(2 * MINUTE)
        }
        expect(peer.told(relay)).toHaveLength(before)
        await recover()
        const texts = (await toldSince(before)).join('\n')
        for (const id of ids) expect(texts).toContain(id)
      },
    )

    testOf(
      'throttle',
      'throttled: parked, and told by the sweep, as one digest where there are no incidents',
      async ({ throttle }) => {
        const before = peer.told(relay).length
        await throttle()
        const ids = [next(), next(), next()]
        for (const id of ids) {
          expect(await fail(id, `${id}.mp4`)).toBe('parked')
          expect(await lastError()).toMatch(/too many messages|answered 429/)
          await pass(2 * MINUTE)
        }
        // Still busy: it is left alone.
        await relay.sweep()
        await recover()
        const texts = await toldSince(before)
        expect(texts).toHaveLength(peer.open === undefined ? 1 : 3)
        for (const id of ids) expect(texts.join('\n')).toContain(id)
      },
    )

    testOf(
      'failures',
      'hangs, cuts, drips or is not there: parked, and told once it is back',
      async ({ failures }) => {
        const before = peer.told(relay).length
        const ids: string[] = []
        for (const failing of Object.values(failures)) {
          await failing()
          const id = next()
          ids.push(id)
          expect(await fail(id, `${id}.mp4`)).toBe('parked')
          await lastError()
          await peer.mend()
          await pass(2 * MINUTE)
        }
        expect(peer.told(relay)).toHaveLength(before)
        await recover()
        const texts = (await toldSince(before)).join('\n')
        for (const id of ids) expect(texts).toContain(id)
        await pass(2 * MINUTE)
        expect(await fail(next())).toBe('alerted')
      },
    )

    testOf('redirect', 'a redirect is not followed', async ({ redirect }) => {
      let strangers = 0
      const elsewhere = await serveRobot({
        refusals: [],
        throttles: { status: 429, body: '' },
        judge: () => {
          strangers += 1
          return { answer: { status: 200, body: '{"errcode":0,"code":0,"ok":true}' } }
        },
      })
      for (const path of ['/', new URL(peer.url.replace(/^[a-z]+:/, 'http:')).pathname]) {
        await redirect(elsewhere.endpoint + path)
        expect(await fail(next())).toBe('parked')
        await pass(2 * MINUTE)
      }
      await recover()
      await elsewhere.stop()
      expect(strangers).toBe(0)
    })

    testOf(
      'open',
      'an incident is opened by a failure, joined by its repeat, ended by a success of the same object only',
      async ({ open }) => {
        const [mine, other] = [`incidents/${name}/mine.mp4`, `incidents/${name}/other.mp4`]
        const here = (): readonly string[] => open().filter((object) => object.startsWith('incidents/'))
        expect(await fail(next(), mine)).toBe('alerted')
        expect(await fail(next(), mine)).toBe('alerted')
        expect(await fail(next(), other)).toBe('alerted')
        expect([...here()].sort()).toEqual([mine, other])
        await fail(next(), mine, 'Success')
        await recover()
        expect(here()).toEqual([other])
        // Ended by a sweep, when the channel is down at the time.
        await peer.refusals?.[0]?.()
        await fail(next(), other, 'Success')
        expect(here()).toEqual([other])
        await recover()
        expect(here()).toEqual([])
      },
    )

    test('no secret of the URL in the log, on the terminal, in the store or in an answer', async () => {
      keepStore()
      const texts = [relay.printed(), ...seen].join('\n')
      expect(relay.faults).toEqual([])
      for (const secret of peer.secrets) {
        expect(secret.length).toBeGreaterThan(5)
        for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
          expect(texts).not.toContain(form)
      }
    })
  })
}

/** What every channel with a fake robot behind it has in common. */
export function robotPeer<T>(
  fake: FakeRobot<T>,
  rest: {
    readonly url: string
    readonly secrets: readonly string[]
    readonly read: (taken: T) => string
    /** Left out: alerts only, not what ends them. */
    readonly isAlert?: (taken: T) => boolean
    readonly inspect?: (taken: T) => void
    readonly open?: () => readonly string[]
    /** Answers with status 200 that are no success. Every robot's own refusals come besides. */
    readonly garbage?: readonly string[]
    /** Its status is its word: what becomes of the body of a 200 means nothing. */
    readonly isToldByStatus?: boolean
  },
): ChannelPeer {
  let isUp = true
  const alerts = (): T[] => fake.taken.filter(rest.isAlert ?? (() => true))
  // Some are large.
  const texts = new Map<T, string>()
  const textOf = (taken: T): string => {
    const text = texts.get(taken) ?? rest.read(taken)
    texts.set(taken, text)
    return text
  }
  return {
    url: rest.url,
    secrets: rest.secrets,
    told: () => alerts().map(textOf),
    inspectLast: () => rest.inspect?.(alerts().at(-1)!),
    refusals: [
      ...fake.robot.refusals,
      ...(rest.garbage ?? []).map((body) => ({ status: 200, body })),
      { status: 304, body: '' },
    ].map((answer) => () => fake.behave(answer)),
    throttle: () => fake.behave(fake.robot.throttles),
    failures: {
      hangs: () => fake.behave('hang'),
      ...(!rest.isToldByStatus && {
        'is cut off': () => fake.behave('cut'),
        'sends a byte a second': () => fake.behave('drip'),
      }),
      'is not there': async () => {
        isUp = false
        await fake.stop()
      },
    },
    redirect: (location) => fake.behave({ status: 307, body: '', headers: { location } }),
    ...(rest.open && { open: rest.open }),
    mend: async () => {
      fake.behave('take')
      if (!isUp) await fake.start()
      isUp = true
    },
    passTime: (ms) => fake.passTime(ms),
    close: () => fake.stop(),
  }
}

function schemeOf(url: string): string {
  return url.slice(0, url.indexOf(':'))
}

/** Undoes the look-alikes that stand for markup in a robot's Markdown. */
function flat(text: string | undefined): string {
  return (text ?? '').replace(/[\uff01-\uff5e]/g, (character) => {
    const ascii = String.fromCharCode(character.charCodeAt(0) - 0xfee0)
    return '<>[]*`\\~|_&'.includes(ascii) ? ascii : character
  })
}
