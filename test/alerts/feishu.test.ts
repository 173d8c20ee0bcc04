import { ENGLISH } from '../support/sample-alerts'
import { CONTEXT, describeChannel, robotPeer } from '../support/channel-contract'
import { FEISHU_HOOK, FEISHU_SECRET, feishu, type FeishuMessage, serveRobot } from '../support/fake-robot'
import { openFeishuChannel } from '../../src/alerts/feishu'

describe.each([
  ['feishu', FEISHU_SECRET],
  ['lark', FEISHU_SECRET],
  ['feishu', null],
])('%s, secret %s', (scheme, secret) => {
  describeChannel(
    scheme,
    {
      saysAll: true,
      waitMs: 60_000,
      limit: { messages: 100, perMs: 60_000 },
      faults: ['throttle', 'hang', 'cut', 'stop'],
    },
    async () => {
      const fake = await serveRobot(feishu(secret))
      const parameters = new URLSearchParams({
        endpoint: fake.endpoint,
        ...(secret === null ? {} : { secret }),
      })
      return robotPeer(fake, {
        url: `${scheme}://${FEISHU_HOOK}?${parameters.toString()}`,
        secrets: [FEISHU_HOOK, ...(secret === null ? [] : [secret])],
        // The fake takes plain_text only, which has no markup.
        read: textOfCard,
      })
    },
  )
})

test('an answer in the older form, StatusCode 0, counts', async () => {
  const fake = await serveRobot(feishu(null, { StatusCode: 0, StatusMessage: 'success' }))
  const channel = openFeishuChannel(`feishu://${FEISHU_HOOK}?endpoint=${fake.endpoint}`, CONTEXT)
  const sent = channel.send(ENGLISH, AbortSignal.timeout(5000))
  await sent.finally(() => fake.stop())
  expect(fake.taken).toHaveLength(1)
})

function textOfCard({ card }: FeishuMessage): string {
  const nodes = card.elements.flatMap(
    (element) => element.elements ?? (element.text === undefined ? [] : [element.text]),
  )
  return [card.header.title, ...nodes].map((node) => node.content).join('\n')
}
