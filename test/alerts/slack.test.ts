import { describeChannel, robotPeer } from '../support/channel-contract'
import { serveRobot, SLACK, SLACK_HOOK } from '../support/fake-robot'

describeChannel(
  'slack',
  {
    saysAll: true,
    waitMs: 30_000,
    limit: { messages: 1, perMs: 1000 },
    faults: ['throttle', 'hang', 'cut', 'stop'],
  },
  async () => {
    const fake = await serveRobot(SLACK)
    return robotPeer(fake, {
      url: `slack://${SLACK_HOOK}?endpoint=${fake.endpoint}`,
      secrets: [SLACK_HOOK, ...SLACK_HOOK.split('/')],
      // The fake takes plain_text blocks only, and a notification without < and >.
      read: ({ blocks }) =>
        blocks
          .flatMap((block) => block.elements ?? (block.text === undefined ? [] : [block.text]))
          .map((node) => node.text)
          .join('\n'),
    })
  },
)
