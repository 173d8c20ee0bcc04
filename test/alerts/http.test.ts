import { CloudEvent } from 'cloudevents'
import { Webhook } from 'standardwebhooks'
import { describeChannel, robotPeer } from '../support/channel-contract'
import { type Received, type Robot, serveRobot } from '../support/fake-robot'

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes !!!').toString('base64')}`
const PATH = '/hooks/9f86d081884c7d659a2f'

/** A receiver as the specifications have it: https://www.standardwebhooks.com, CloudEvents HTTP binding 1.0.2. */
function receiver(secret: string | null): Robot<Received> {
  return {
    refusals: [
      { status: 400, body: `no ${SECRET}` },
      { status: 410, body: 'gone' },
      { status: 302, body: '', headers: { location: 'http://127.0.0.1:9/' } },
      { status: 500, body: PATH },
    ],
    throttles: { status: 429, body: '', headers: { 'retry-after': '7' } },
    judge(request) {
      try {
        if (request.method !== 'POST' || request.path !== PATH) throw new Error('no such address')
        if (request.headers['content-type'] !== 'application/cloudevents+json; charset=utf-8')
          throw new Error('type')
        // The oracle: it throws on a bad signature and on a stale timestamp.
        if (secret !== null)
          new Webhook(secret).verify(request.body, request.headers as Record<string, string>)
        else if (request.headers['webhook-signature'] !== undefined) throw new Error('signed with nothing')
        const event = new CloudEvent(JSON.parse(request.body), true)
        if (secret !== null && request.headers['webhook-id'] !== event.id) throw new Error('id')
        return { answer: { status: 204, body: '' }, taken: request }
      } catch (error) {
        return { answer: { status: 400, body: String(error) } }
      }
    },
  }
}

describe.each([
  ['signed', SECRET],
  ['unsigned', null],
])('%s', (_, secret) => {
  describeChannel(
    'http',
    { saysAll: false, waitMs: 7000, limit: null, faults: ['throttle', 'hang', 'cut', 'stop'] },
    async () => {
      const fake = await serveRobot(receiver(secret))
      return robotPeer(fake, {
        url: `${fake.endpoint}${PATH}${secret === null ? '' : `#secret=${secret}`}`,
        secrets: [PATH, SECRET, SECRET.slice(6)],
        read: (request) => {
          const event = JSON.parse(request.body)
          return event.type === 'com.tencentcloud.ci.relay.alert'
            ? [event.data.title, event.data.text].join('\n')
            : request.body
        },
      })
    },
  )
})
