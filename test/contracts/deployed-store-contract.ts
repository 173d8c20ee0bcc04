import { type FakeRobot, PAGERDUTY, PAGERDUTY_KEY, serveRobot, WECOM, WECOM_KEY } from '../support/fake-robot'
import { callbackEvent, callbackXml, outcomeOf, runOf } from '../artifact/callbacks'
import { type HttpPeer, startPeer } from '../artifact/http-peer'
import { openRelay, type Relay } from '../artifact/open-relay'
import { buildOutbox } from '../artifact/run-outbox'

/** A store's medium, empty. */
export interface Medium {
  /** STORE_URL and what else the store needs. */
  readonly env: Readonly<Record<string, string>>
  readonly stop: () => Promise<void>
}

const DAY = 86_400_000
const HOUR = 3_600_000
const NOBODY = 'http://127.0.0.1:9/'

/**
 * What every store promises, by environment and medium only, on the built function. `isShared`: whether several processes see it;
 * `isExact`: whether of several claims at the same instant one is got.
 */
export function storeContract(
  openMedium: () => Promise<Medium>,
  { isShared = true, isExact = true }: { readonly isShared?: boolean; readonly isExact?: boolean } = {},
): void {
  let medium: Medium
  let queue: HttpPeer
  const relays: Relay[] = []
  const robots: FakeRobot<unknown>[] = []

  const relay = (env: Readonly<Record<string, string>> = {}, instances = 1): Relay => {
    const opened = openRelay({ QUEUE_URL: queue.url, ...medium.env, ...env }, { instances })
    relays.push(opened)
    return opened
  }
  const ids = (): string[] => queue.taken.map(runOf)
  const shared = isShared ? test : test.skip

  beforeEach(async () => {
    medium = await openMedium()
    queue = await startPeer()
  })
  afterEach(async () => {
    for (const one of relays.splice(0)) await one.kill()
    for (const one of robots.splice(0)) await one.stop()
    await queue.stop()
    await medium.stop()
  })

  test('a repeat is a duplicate; another end of the same execution is not; a week later it is forgotten', async () => {
    const one = relay()
    expect((await one.post(callbackXml('i1'))).outcome).toBe('queued')
    expect((await one.post(callbackXml('i1'))).outcome).toBe('duplicate')
    expect((await one.post(callbackXml('i1', 'x.mp4', 'Failed'))).outcome).toBe('ignored')
    expect((await one.post(callbackXml('i2'))).outcome).toBe('queued')
    expect(ids()).toEqual(['i1', 'i2'])
    expect(one.log().filter(({ level }) => level >= 50)).toEqual([])
  })

  shared('a second instance knows what the first has settled', async () => {
    expect((await relay().post(callbackXml('i1'))).outcome).toBe('queued')
    expect((await relay().post(callbackXml('i1'))).outcome).toBe('duplicate')
    expect(ids()).toEqual(['i1'])
  })

  test('a repeat while the first is under way is told to come again, and finds it parked then', async () => {
    const one = relay({}, 1)
    queue.manner = 'hangs'
    const first = one.post(callbackXml('i1'))
    while (queue.tries === 0) await new Promise((done) => setTimeout(done, 10))
    const repeat = await one.post(callbackXml('i1'))
    expect(repeat).toMatchObject({ status: 503, outcome: 'held' })
    expect(Number(repeat.headers['Retry-After'])).toBeGreaterThanOrEqual(1)
    expect((await first).outcome).toBe('parked')
    expect((await one.post(callbackXml('i1'))).outcome).toBe('duplicate')
  })

  if (isExact)
    test('of twenty at the same instant, on two instances, one is routed', async () => {
      const one = relay({}, isShared ? 2 : 1)
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, i) =>
          one.handle(callbackEvent(callbackXml('i1')), isShared ? i % 2 : 0),
        ),
      )
      const outcomes = answers.map(outcomeOf)
      expect(outcomes.filter((outcome) => outcome === 'queued')).toHaveLength(1)
      expect(outcomes.every((outcome) => ['queued', 'held', 'duplicate'].includes(String(outcome)))).toBe(
        true,
      )
      expect(ids()).toEqual(['i1'])
    })

  shared('the claim of an instance that was killed ends by itself', async () => {
    queue.manner = 'hangs'
    const killed = relay()
    const lost = killed.post(callbackXml('i1'))
    lost.catch(() => undefined)
    while (queue.tries === 0) await new Promise((done) => setTimeout(done, 10))
    await killed.kill()
    queue.manner = 'takes'
    const next = openRelay(
      { QUEUE_URL: queue.url, ...medium.env },
      { remainingMs: { callback: 5_000, sweep: 60_000 } },
    )
    relays.push(next)
    // By the clock of its server, for a Redis: the lease is as long as an invocation as deployed, 10 s.
    let outcome: unknown = 'held'
    for (let tries = 0; outcome === 'held' && tries < 60; tries++) {
      outcome = (await next.post(callbackXml('i1'))).outcome
      if (outcome === 'held') await new Promise((done) => setTimeout(done, 250))
    }
    expect(outcome).toBe('queued')
    expect(ids()).toEqual(['i1'])
  })

  test('what waits for a queue that is down goes in order of arrival once it is up, and is gone then', async () => {
    const one = relay()
    queue.manner = 'refuses'
    for (const id of ['i1', 'i2', 'i3'])
      expect((await one.post(callbackXml(id, '目录/same "1".mp4'))).outcome).toBe('parked')
    expect((await one.post(callbackXml('i4', 'other.mp4'))).outcome).toBe('parked')
    queue.manner = 'takes'
    await one.passTime(15_000)
    expect(await one.sweep()).toEqual({ delivered: 4, failed: 0, dead: 0, waiting: 0, reconciled: 0 })
    expect(ids().filter((id) => id !== 'i4')).toEqual(['i1', 'i2', 'i3'])
    expect(await one.sweep()).toMatchObject({ delivered: 0, waiting: 0 })
  })

  shared('two sweeps at once deliver each item once', async () => {
    const one = relay({}, 2)
    queue.manner = 'refuses'
    for (let i = 0; i < 8; i++) await one.post(callbackXml(`i${i}`, `${i}.mp4`))
    queue.manner = 'takes'
    await one.passTime(15_000)
    const reports = await Promise.all([one.sweep(0), one.sweep(1)])
    expect(reports[0].delivered + reports[1].delivered).toBe(8)
    if (isExact) expect(ids().sort()).toEqual(Array.from({ length: 8 }, (_, i) => `i${i}`))
  })

  test('what cannot be delivered for a day is given up, told of once, and kept', async () => {
    const alerts = await startPeer()
    try {
      const one = relay({ ALERT_URLS: alerts.url, GIVE_UP_AFTER: '24' })
      queue.manner = 'refuses'
      await one.post(callbackXml('i1'))
      let dead = 0
      for (let hour = 0; hour < 30 && dead === 0; hour++) {
        await one.passTime(HOUR)
        dead = (await one.sweep()).dead
      }
      expect(dead).toBe(1)
      await one.passTime(2 * HOUR)
      expect(await one.sweep()).toMatchObject({ dead: 0, waiting: 0 })
      const titles = alerts.taken.map(({ data }) => String(data['title']))
      expect(titles.filter((title) => title.includes('given up'))).toEqual(['1 delivery was given up'])
      // By an hour in which it was out of order for longer than ten minutes.
      expect(titles[0]).toMatch(
        /^Deliveries to the queue \(http\) have been failing for (60 minutes|[2-9] hours)$/,
      )
    } finally {
      await alerts.stop()
    }
  })

  test('a body that cannot be read is kept, and told of once', async () => {
    const alerts = await startPeer()
    try {
      const one = relay({ ALERT_URLS: alerts.url })
      for (let i = 0; i < 3; i++) expect((await one.post('<Response><Broken>')).status).toBe(400)
      expect(alerts.taken).toHaveLength(1)
      expect(await one.sweep()).toMatchObject({ waiting: 0, dead: 0 })
    } finally {
      await alerts.stop()
    }
  })

  test('an incident is opened, and ended by the success of a later run', async () => {
    const pagerduty = await serveRobot(PAGERDUTY)
    robots.push(pagerduty)
    const one = relay({ ALERT_URLS: `pagerduty://${PAGERDUTY_KEY}?endpoint=${pagerduty.endpoint}` })
    expect((await one.post(callbackXml('i1', 'a.mp4', 'Failed'))).outcome).toBe('alerted')
    expect((await one.post(callbackXml('i2', 'a.mp4'))).outcome).toBe('queued')
    expect(pagerduty.taken.map((event) => event.event_action)).toEqual(['trigger', 'resolve'])
    expect(pagerduty.taken[0]!.dedup_key).toBe(pagerduty.taken[1]!.dedup_key)
  })

  test('a channel with a limit is kept within it; what is over waits for a digest', async () => {
    const wecom = await serveRobot(WECOM)
    robots.push(wecom)
    const one = relay({ ALERT_URLS: `wecom://${WECOM_KEY}?endpoint=${wecom.endpoint}` }, isShared ? 2 : 1)
    const outcomes: unknown[] = []
    for (let i = 0; i < 24; i++)
      outcomes.push(
        outcomeOf(
          await one.handle(callbackEvent(callbackXml(`i${i}`, `${i}.mp4`, 'Failed')), isShared ? i % 2 : 0),
        ),
      )
    expect(outcomes.filter((outcome) => outcome === 'alerted').length).toBeLessThanOrEqual(20)
    expect(outcomes.every((outcome) => outcome === 'alerted' || outcome === 'parked')).toBe(true)
    expect(wecom.taken.length).toBeLessThanOrEqual(20)
  })

  test('a clock that is a day wrong holds nothing back', async () => {
    const ahead = relay()
    await ahead.passTime(DAY)
    queue.manner = 'refuses'
    await ahead.post(callbackXml('i1'))
    queue.manner = 'takes'
    await ahead.passTime(-DAY)
    expect(await ahead.sweep()).toMatchObject({ delivered: 1, waiting: 0 })
  })

  shared('a clock that is a day wrong kills nothing', async () => {
    queue.manner = 'refuses'
    const behind = relay()
    const right = relay()
    await behind.passTime(-DAY)
    await behind.post(callbackXml('i1', 'a.mp4'))
    await right.post(callbackXml('i2', 'b.mp4'))
    await behind.passTime(2 * DAY)
    for (let round = 0; round < 3; round++) {
      expect(await right.sweep()).toMatchObject({ dead: 0, waiting: 2 })
      expect(await behind.sweep()).toMatchObject({ dead: 0, waiting: 2 })
    }
    queue.manner = 'takes'
    await right.passTime(HOUR)
    expect(await right.sweep()).toMatchObject({ delivered: 2, waiting: 0 })
  })

  shared('the outbox command lists, shows, redelivers and drops', async () => {
    const outbox = buildOutbox()
    try {
      const one = relay({ QUEUE_URL: NOBODY })
      await one.post(callbackXml('i1', 'a.mp4'))
      await one.post(callbackXml('i2', 'b.mp4'))
      await one.post('<Response><Broken>')
      const listed = JSON.parse((await outbox.run(medium.env, 'list', '--json')).out) as {
        id: string
        status: string
      }[]
      expect(listed.map(({ status }) => status)).toEqual(['waiting', 'waiting', 'quarantined'])
      const [first, second, body] = listed.map(({ id }) => id)
      expect((await outbox.run(medium.env, 'show', body!)).out).toContain('<Response><Broken>')
      const redelivered = await outbox.run(
        {
          ...medium.env,
          QUEUE_URL: queue.url,
          CALLBACK_TOKEN: '',
          RECONCILE: 'media-1250000000/w0123456789abcdef',
        },
        'redeliver',
        first!,
      )
      expect(redelivered).toMatchObject({ code: 0, err: '' })
      expect(ids()).toEqual(['i1'])
      expect((await outbox.run(medium.env, 'drop', second!, body!)).code).toBe(0)
      expect((await outbox.run(medium.env, 'list')).out).toBe('The outbox is empty.\n')
    } finally {
      outbox.remove()
    }
  })
}
