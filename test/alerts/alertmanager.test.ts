import { openAlertmanagerChannel } from '../../src/alerts/alertmanager'
import { CONTEXT, describeChannel, expectNoSecret, robotPeer } from '../support/channel-contract'
import { alertmanager, type AlertmanagerAlert, type FakeRobot, serveRobot } from '../support/fake-robot'
import { CHINESE, ENGLISH, WITHOUT_EVENT } from '../support/sample-alerts'
import { describeService } from '../support/services'

const inTime = (): AbortSignal => AbortSignal.timeout(5000)

describeChannel(
  'alertmanager',
  { saysAll: true, waitMs: 5000, limit: null, faults: ['throttle', 'hang', 'cut', 'stop'] },
  async () => {
    const authorization = `Basic ${Buffer.from('relay:p@ss word').toString('base64')}`
    const fake = await serveRobot(alertmanager('/am', authorization))
    return robotPeer(fake, {
      url: `${fake.endpoint.replace('http://', 'alertmanager://relay:p%40ss%20word@')}/am`,
      secrets: ['p@ss word', authorization],
      read: ([alert]) => [alert!.annotations['title'], alert!.annotations['text']].join('\n'),
      inspect: ([alert]) => {
        for (const value of Object.values(alert!.labels)) expect(value.length).toBeLessThanOrEqual(255)
        expect(Buffer.byteLength(alert!.annotations['text']!)).toBeLessThanOrEqual(8000)
      },
    })
  },
)

describe('alertmanager', () => {
  let fake: FakeRobot<AlertmanagerAlert[]>

  beforeEach(async () => {
    fake = await serveRobot(alertmanager())
  })
  afterEach(() => fake.stop())

  test('an alert stays open for a day when a success can end it, else for an hour', async () => {
    const channel = openAlertmanagerChannel(fake.endpoint.replace('http', 'alertmanager'), CONTEXT)
    await channel.send(ENGLISH, inTime())
    await channel.send(WITHOUT_EVENT, inTime())
    const hours = fake.taken.map(
      ([alert]) => (Date.parse(alert!.endsAt) - Date.parse(alert!.startsAt)) / 3_600_000,
    )
    expect(hours).toEqual([24, 1])
  })

  test('resolve fails when Alertmanager cannot be asked', async () => {
    const channel = openAlertmanagerChannel(
      fake.endpoint.replace('http://', 'alertmanager://u:secret-word@'),
      CONTEXT,
    )
    const error: unknown = await channel.resolve!('x', inTime()).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'DeliveryError', message: 'alertmanager: HTTP 401: Unauthorized' })
    expectNoSecret(error, ['secret-word'])
  })

  test('resolve fails when what answers is no Alertmanager', async () => {
    fake.behave({ status: 200, body: '<html>captive portal</html>' })
    const channel = openAlertmanagerChannel(fake.endpoint.replace('http', 'alertmanager'), CONTEXT)
    await expect(channel.resolve!('x', inTime())).rejects.toMatchObject({ name: 'DeliveryError' })
  })
})

describeService('alertmanager', (address) => {
  const channel = openAlertmanagerChannel(`alertmanager://${address}`, CONTEXT)
  /** A text of its own for each run: the server may be in use for longer. */
  const unique = `${String(process.pid)}-${String(Date.now())}`
  const alert = { ...ENGLISH, id: unique, incident: `${unique} "quoted\\", {x=~".*"}, \n 课程` }

  async function open(id: string): Promise<AlertmanagerAlert[]> {
    const response = await fetch(`http://${address}/api/v2/alerts`)
    const alerts = (await response.json()) as AlertmanagerAlert[]
    return alerts.filter(({ annotations }) => annotations['text']?.includes(id))
  }
  const named = (id: string) => ({ ...alert, footer: [{ label: 'Run', value: id }] })

  test('the real server takes an alert, joins its repeat, and ends it on resolve', async () => {
    const id = `run-${unique}`
    await channel.send(named(id), inTime())
    await channel.send(named(id), inTime())
    await channel.send({ ...named(id), severity: 'warning', title: CHINESE.title }, inTime())
    const alerts = await open(id)
    expect(alerts.map(({ labels }) => labels['severity']).sort()).toEqual(['error', 'warning'])
    expect(alerts[0]!.labels).toMatchObject({
      alertname: 'CosCallbackRelay',
      workflow: 'Lesson videos',
      bucket: 'media-1250000000',
      object: 'uploads/2022/07/18/课程_lesson-03 (final).mp4',
    })
    await channel.resolve!(alert.incident, inTime())
    expect(await open(id)).toEqual([])
  })

  test('resolving ends no other incident, and one that is not open is no error', async () => {
    const id = `other-${unique}`
    await channel.send({ ...named(id), incident: id }, inTime())
    await channel.resolve!(`${id} never opened`, inTime())
    expect(await open(id)).toHaveLength(1)
    await channel.resolve!(id, inTime())
    await channel.resolve!(id, inTime())
    expect(await open(id)).toEqual([])
  })

  test('the real server refuses in its own words', async () => {
    const lost = openAlertmanagerChannel(`alertmanager://${address}/no/such/prefix`, CONTEXT)
    await expect(lost.send(ENGLISH, inTime())).rejects.toMatchObject({
      name: 'DeliveryError',
      message: expect.stringMatching(/^alertmanager: HTTP 404: .+ \(check the prefix in the URL\)$/),
    })
  })
})
