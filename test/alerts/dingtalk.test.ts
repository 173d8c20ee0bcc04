import { describeChannel, robotPeer } from '../support/channel-contract'
import { dingtalk, DINGTALK_SECRET, DINGTALK_TOKEN, serveRobot } from '../support/fake-robot'

/** A text in which DingTalk's Markdown finds nothing to obey: `_` only inside words. */
const TEXT = '(?:(?!://|&#?\\w+;)[^<>[\\]*`~|\\\\\\n_]|(?<=[\\p{L}\\p{N}_])_+(?=[\\p{L}\\p{N}]))+'
const LINES = [
  `### (?:🔴|🟠|🔵) ${TEXT}`,
  `\\*\\*\\d+\\. ${TEXT}\\*\\*`,
  `> ${TEXT}`,
  `(?![#>]|\\d+\\.|[-+] |-{3})${TEXT}`,
]
const OWN_MARKUP = new RegExp(`^(?:${LINES.join('|')}|)$`, 'u')

describe.each([
  ['signed', DINGTALK_SECRET],
  ['unsigned', null],
])('%s', (_, secret) => {
  describeChannel(
    'dingtalk',
    {
      saysAll: true,
      waitMs: 600_000,
      limit: { messages: 20, perMs: 60_000 },
      faults: ['throttle', 'hang', 'cut', 'stop'],
    },
    async () => {
      const fake = await serveRobot(dingtalk(secret))
      const parameters = new URLSearchParams({
        endpoint: fake.endpoint,
        ...(secret === null ? {} : { secret }),
      })
      return robotPeer(fake, {
        url: `dingtalk://${DINGTALK_TOKEN}?${parameters.toString()}`,
        secrets: [DINGTALK_TOKEN, ...(secret === null ? [] : [secret])],
        read: (message) => message.markdown.text,
        inspect: ({ markdown }) => {
          for (const line of markdown.text.split('\n')) expect(line).toMatch(OWN_MARKUP)
          expect(markdown.title).not.toMatch(/[<>[\]*`]/)
        },
      })
    },
  )
})
