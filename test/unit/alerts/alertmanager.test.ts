import { Deadline } from '../../../src/net/deadline'
import { openAlertmanagerChannel } from '../../support/open-drivers'
import { CONTEXT, expectNoSecret } from '../../support/driver-errors'
import { alertmanager, type AlertmanagerAlert, type FakeRobot, serveRobot } from '../../support/fake-robot'
import { ENGLISH, WITHOUT_EVENT } from '../../support/sample-alerts'

const inTime = (): Deadline => Deadline.in(5000)

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
    expect(error).toMatchObject({ name: 'PeerError', message: 'alertmanager: HTTP 401: Unauthorized' })
    expectNoSecret(error, ['secret-word'])
  })

  test('resolve fails when what answers is no Alertmanager', async () => {
    fake.behave({ status: 200, body: '<html>captive portal</html>' })
    const channel = openAlertmanagerChannel(fake.endpoint.replace('http', 'alertmanager'), CONTEXT)
    await expect(channel.resolve!('x', inTime())).rejects.toMatchObject({ name: 'PeerError' })
  })
})
