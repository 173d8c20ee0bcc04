import { Deadline } from '../../../src/net/deadline'
import { openPagerdutyChannel } from '../../support/open-drivers'
import { CONTEXT } from '../../support/driver-errors'
import {
  type FakeRobot,
  PAGERDUTY,
  PAGERDUTY_KEY,
  type PagerdutyEvent,
  serveRobot,
} from '../../support/fake-robot'
import { CHINESE, ENGLISH, WITHOUT_EVENT } from '../../support/sample-alerts'

const inTime = (): Deadline => Deadline.in(5000)
const urlOf = (fake: FakeRobot<PagerdutyEvent>): string =>
  `pagerduty://${PAGERDUTY_KEY}?endpoint=${fake.endpoint}`

describe('pagerduty incidents', () => {
  let fake: FakeRobot<PagerdutyEvent>

  beforeEach(async () => {
    fake = await serveRobot(PAGERDUTY)
  })
  afterEach(() => fake.stop())

  test('repeats join the incident, and resolve ends it', async () => {
    const channel = openPagerdutyChannel(urlOf(fake), CONTEXT)
    await channel.send(ENGLISH, inTime())
    await channel.send(CHINESE, inTime())
    await channel.resolve!(ENGLISH.incident!, inTime())
    expect(fake.taken.map((event) => event.event_action)).toEqual(['trigger', 'trigger', 'resolve'])
    expect(new Set(fake.taken.map((event) => event.dedup_key))).toEqual(new Set([ENGLISH.incident]))
  })

  test('an incident longer than 255 characters has a key that fits and is its own', async () => {
    const channel = openPagerdutyChannel(urlOf(fake), CONTEXT)
    for (const end of ['a', 'b']) {
      const incident = `${'路径/'.repeat(100)}${end}`
      await channel.send({ ...ENGLISH, incident }, inTime())
      await channel.resolve!(incident, inTime())
    }
    const keys = fake.taken.map((event) => event.dedup_key)
    expect(keys[0]).toBe(keys[1])
    expect(keys[2]).toBe(keys[3])
    expect(keys[0]).not.toBe(keys[2])
  })

  test('without an incident the alert’s id is the key', async () => {
    await openPagerdutyChannel(urlOf(fake), CONTEXT).send(WITHOUT_EVENT, inTime())
    expect(fake.taken[0]!.dedup_key).toBe(WITHOUT_EVENT.id)
  })

  test('severity, source, component, group and class say what and where', async () => {
    await openPagerdutyChannel(urlOf(fake), CONTEXT).send(ENGLISH, inTime())
    expect(fake.taken[0]!.payload).toMatchObject({
      summary: ENGLISH.title,
      severity: 'error',
      source: '/cos/media-1250000000',
      component: 'uploads/2022/07/18/课程_lesson-03 (final).mp4',
      group: 'media-1250000000',
      class: 'com.tencentcloud.ci.workflow.failed',
      timestamp: '2022-07-18T07:17:02.000Z',
    })
  })
})
