import { inspect } from 'node:util'
import * as fc from 'fast-check'
import type { Alert } from '../../src/alerts/alert'
import type { AlertChannel } from '../../src/alerts/alert-channel'
import { openAlertChannel } from '../../src/alerts/open-alert-channel'
import type { DeliveryError } from '../../src/delivery/delivery-error'
import type { DriverContext } from '../../src/delivery/driver-context'
import type { Answer, FakeRobot } from './fake-robot'
import { CHINESE, ENGLISH, hostileAlerts, HUGE, WITHOUT_EVENT } from './sample-alerts'

export const CONTEXT: DriverContext = { credentials: () => null, region: 'ap-guangzhou' }

/** The other side of a channel, as the contract needs it. */
export interface Peer {
  readonly url: string
  /** Texts that no error may hold. */
  readonly secrets: readonly string[]
  /** What a person could read of each alert taken, oldest first. */
  told(): readonly string[]
  /** Throws when the last alert taken carries markup from outside, or is broken. */
  inspectLast?(): void
  /** Ways to make it fail; after each, `mend` puts it right. A way that is absent does not exist for this channel. */
  readonly refusals: readonly (() => unknown)[]
  readonly throttle?: () => unknown
  readonly hang?: () => unknown
  readonly cut?: () => unknown
  readonly stop?: () => Promise<void>
  mend(): unknown
  close(): unknown
}

export interface Traits {
  /** The whole alert is there in words; false: only its event is. */
  readonly saysAll: boolean
  /** Where a throttled channel's wait comes from, in ms; null: it does not say. */
  readonly waitMs?: number | null
  readonly limit: AlertChannel['limit']
  /** Ways to fail that the channel has. */
  readonly faults: readonly ('throttle' | 'hang' | 'cut' | 'stop')[]
}

/** What every alert channel promises (src/alerts/alert-channel.ts). */
export function describeChannel(name: string, traits: Traits, openPeer: () => Promise<Peer>): void {
  describe(name, () => {
    let peer: Peer
    let channel: AlertChannel

    beforeEach(async () => {
      peer = await openPeer()
      channel = await openAlertChannel(peer.url, CONTEXT)
    })

    afterEach(async () => {
      await peer.mend()
      await channel.close()
      await peer.close()
    })

    const send = (alert: Alert, ms = 5000): Promise<void> => channel.send(alert, AbortSignal.timeout(ms))
    const failure = async (ms?: number): Promise<DeliveryError> => {
      const error = await send(ENGLISH, ms).then(
        () => null,
        (reason: unknown) => reason,
      )
      expect(error).toMatchObject({ name: 'DeliveryError' })
      expectNoSecret(error, peer.secrets)
      return error as DeliveryError
    }
    const expectDelivery = async (): Promise<void> => {
      const before = peer.told().length
      await send(ENGLISH)
      expect(peer.told()).toHaveLength(before + 1)
    }

    test('knows its scheme and its limit', () => {
      expect(channel.scheme).toBe(peer.url.split(':')[0])
      expect(channel.limit).toEqual(traits.limit)
    })

    test.each([
      ['English', ENGLISH],
      ['Chinese', CHINESE],
      ['one without an event', WITHOUT_EVENT],
    ])('delivers an alert: %s', async (_, alert) => {
      await send(alert)
      peer.inspectLast?.()
      const [text] = peer.told()
      if (traits.saysAll || alert.event === null) {
        for (const words of [alert.title, ...wordsOf(alert)]) expect(flat(text)).toContain(words)
      } else {
        expect(text).toContain(alert.event.id)
      }
    })

    test('refuses: an answer that is not its success is a failure that names the channel', async () => {
      expect(peer.refusals.length).toBeGreaterThan(0)
      for (const refuse of peer.refusals) {
        await refuse()
        const error = await failure()
        expect(error.message).toMatch(new RegExp(`^${channel.scheme.replace(/s$/, '')}s?: `))
        expect(error.throttled).toBe(false)
        await peer.mend()
      }
      expect(peer.told()).toHaveLength(0)
      await expectDelivery()
    })

    if (traits.faults.includes('throttle')) {
      test('throttled: says so, and for how long', async () => {
        await peer.throttle!()
        const error = await failure()
        expect(error).toMatchObject({ throttled: true, retryAfterMs: traits.waitMs })
        await peer.mend()
        await expectDelivery()
      })
    }

    if (traits.faults.includes('hang')) {
      test('hangs: gives up when told to', async () => {
        await peer.hang!()
        const begun = performance.now()
        await failure(150)
        expect(performance.now() - begun).toBeLessThan(2000)
        await peer.mend()
        await expectDelivery()
      })
    }

    if (traits.faults.includes('cut')) {
      test('a connection cut in the middle of the answer is a failure', async () => {
        await peer.cut!()
        await failure()
        expect(peer.told()).toHaveLength(0)
        await peer.mend()
        await expectDelivery()
      })
    }

    if (traits.faults.includes('stop')) {
      test('recovers after the server returns', async () => {
        await expectDelivery()
        await peer.stop!()
        await failure()
        await peer.mend()
        await expectDelivery()
      })
    }

    test('does not begin when there is no time left', async () => {
      await expect(channel.send(ENGLISH, AbortSignal.abort())).rejects.toMatchObject({
        name: 'DeliveryError',
      })
      expect(peer.told()).toHaveLength(0)
    })

    test('2,000 items of 1,000 characters: fits, keeps title, facts and footer, counts what is left out', async () => {
      await send(HUGE)
      peer.inspectLast?.()
      const text = peer.told()[0]!
      if (!traits.saysAll) {
        expect(text).toContain(HUGE.event!.id)
        return
      }
      const shown = channel.shown?.(HUGE) ?? HUGE.items.length
      for (const words of [HUGE.title, ...HUGE.facts.map(valueOf), ...HUGE.footer.map(valueOf)]) {
        expect(flat(text)).toContain(words)
      }
      expect(shown).toBeGreaterThan(3)
      expect(text.match(/task \d+ 转/g)).toHaveLength(shown)
      if (shown < HUGE.items.length)
        expect(text).toContain(`and ${String(HUGE.items.length - shown)} more tasks`)
    })

    test('hostile names: fits, stays well formed, and leaves no markup active', async () => {
      await fc.assert(
        fc.asyncProperty(hostileAlerts, async (alert) => {
          await send(alert)
          peer.inspectLast?.()
        }),
        { numRuns: 40 },
      )
      expect(peer.told()).toHaveLength(40)
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
    readonly inspect?: (taken: T) => void
  },
): Peer {
  const answer = (next: Answer) => () => fake.behave(next)
  let isUp = true
  return {
    url: rest.url,
    secrets: rest.secrets,
    told: () => fake.taken.map(rest.read),
    inspectLast: () => rest.inspect?.(fake.taken.at(-1)!),
    refusals: fake.robot.refusals.map(answer),
    throttle: answer(fake.robot.throttles),
    hang: () => fake.behave('hang'),
    cut: () => fake.behave('cut'),
    stop: async () => {
      isUp = false
      await fake.stop()
    },
    mend: async () => {
      fake.behave('take')
      if (!isUp) await fake.start()
      isUp = true
    },
    close: () => fake.stop(),
  }
}

/** Nothing that a person or a log could see of an error may hold a secret: message, stack, causes, all properties. */
export function expectNoSecret(error: unknown, secrets: readonly string[]): void {
  const seen = [
    inspect(error, { depth: 12, showHidden: true, getters: true, maxStringLength: null }),
    JSON.stringify(error, Object.getOwnPropertyNames(error)),
    String((error as Error).stack),
    String((error as Error).cause),
  ].join('\n')
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(5)
    expect(seen).not.toContain(secret)
    expect(seen).not.toContain(encodeURIComponent(secret))
    expect(seen).not.toContain(Buffer.from(secret).toString('base64'))
  }
}

/** Undoes the look-alikes of robot-markdown.ts. */
export function flat(text: string | undefined): string {
  return (text ?? '').replace(/[\uff01-\uff5e]/g, (character) => {
    const ascii = String.fromCharCode(character.charCodeAt(0) - 0xfee0)
    return '<>[]*`\\~|_&'.includes(ascii) ? ascii : character
  })
}

function valueOf(fact: { readonly value: string }): string {
  return fact.value
}

function wordsOf(alert: Alert): string[] {
  return [
    ...alert.facts.map(valueOf),
    ...alert.items.flatMap((item) => [item.title, ...item.facts.map(valueOf)]),
    ...alert.footer.map(valueOf),
  ]
}
