import { describeChannel, robotPeer } from '../support/channel-contract'
import { serveRobot, WECOM, WECOM_KEY } from '../support/fake-robot'

/** A text in which WeCom's Markdown finds nothing to obey. */
const TEXT = '(?:(?!://)[^<>[\\]*`\\n])+'
const LINES = [
  `### (?:🔴|🟠|🔵) <font color="(?:warning|info)">${TEXT}</font>`,
  `\\*\\*\\d+\\. ${TEXT}\\*\\*`,
  `> ${TEXT}`,
  `<font color="comment">${TEXT}</font>`,
  `(?![#>]|\\d+\\.|-{3})${TEXT}`,
]
const OWN_MARKUP = new RegExp(`^(?:${LINES.join('|')}|)$`)

describeChannel(
  'wecom',
  {
    saysAll: true,
    waitMs: 60_000,
    limit: { messages: 20, perMs: 60_000 },
    faults: ['throttle', 'hang', 'cut', 'stop'],
  },
  async () => {
    const fake = await serveRobot(WECOM)
    return robotPeer(fake, {
      url: `wecom://${WECOM_KEY}?endpoint=${encodeURIComponent(fake.endpoint)}`,
      secrets: [WECOM_KEY],
      read: (message) => message.markdown.content,
      inspect: (message) => {
        for (const line of message.markdown.content.split('\n')) expect(line).toMatch(OWN_MARKUP)
      },
    })
  },
)
