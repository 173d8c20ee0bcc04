import {
  DINGTALK_TOKEN,
  dingtalk,
  type FakeRobot,
  type Robot,
  serveRobot,
  WECOM,
  WECOM_KEY,
} from '../support/fake-robot'
import { temporaryFolder } from '../support/temporary-folder'
import { callbackEvent, callbackXml, outcomeOf, runId } from '../artifact/callbacks'
import { openRelay } from '../artifact/open-relay'

const FAILURES = 1000
const AT_ONCE = 10
const LIMIT = 20
const MINUTE = 60_000

/** The robot, deaf to more than 20 messages in any minute by `now`, and when each request came. */
function throttling<T>(
  robot: Robot<T>,
  now: () => number,
): { robot: Robot<T>; requests: number[]; refused: () => number } {
  const requests: number[] = []
  let refused = 0
  return {
    requests,
    refused: () => refused,
    robot: {
      ...robot,
      judge(request) {
        requests.push(now())
        if (requests.filter((time) => time > now() - MINUTE).length <= LIMIT) return robot.judge(request)
        refused += 1
        return { answer: robot.throttles }
      },
    },
  }
}

function mostInAMinute(times: readonly number[]): number {
  return Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + MINUTE).length))
}

const folder = temporaryFolder()
afterAll(() => folder.remove())

test.each<[string, string, Robot<unknown>, (endpoint: string) => string]>([
  ['wecom', `file:${folder.path}/wecom`, WECOM, (at) => `wecom://${WECOM_KEY}?endpoint=${at}`],
  ['dingtalk', 'memory:', dingtalk(null), (at) => `dingtalk://${DINGTALK_TOKEN}?endpoint=${at}`],
])(
  '1,000 failures in a minute, %s: its limit is kept, and each is named',
  async (name, storeUrl, rules, urlOf) => {
    let shift = 0
    const now = (): number => Date.now() + shift
    const { robot, requests, refused } = throttling(rules, now)
    const server: FakeRobot<unknown> = await serveRobot(robot)
    const relay = openRelay({
      STORE_URL: storeUrl,
      ALERT_URLS: urlOf(server.endpoint),
      LOG_LEVEL: 'fatal',
    })
    const pass = async (ms: number): Promise<void> => {
      shift += ms
      await relay.passTime(ms)
    }
    try {
      const start = now()
      const answers = new Map<string, number>()
      const fail = async (id: string): Promise<void> => {
        const xml = callbackXml(id, `input/2026/11/24/${id}/holiday in the mountains.mp4`, 'Failed')
        const given = await relay.handle(callbackEvent(xml))
        const answer = `${given.statusCode} ${String(outcomeOf(given))}`
        answers.set(answer, (answers.get(answer) ?? 0) + 1)
      }
      for (let number = 0; number < FAILURES; number += AT_ONCE) {
        await Promise.all(Array.from({ length: AT_ONCE }, async (_, n) => fail(runId('s', number + n))))
        await pass((MINUTE / FAILURES) * AT_ONCE)
      }
      let sweeps = 0
      for (let waiting = FAILURES; waiting > 0 && sweeps < 60; sweeps += 1) {
        await pass(MINUTE)
        waiting = (await relay.sweep()).waiting
      }
      const text = JSON.stringify(server.taken)
      const unnamed = Array.from({ length: FAILURES }, (_, number) => runId('s', number)).filter(
        (id) => !text.includes(id),
      )
      process.stdout.write(
        `storm, ${name}: ${FAILURES} failures (${[...answers].map(([answer, count]) => `${count} × ${answer}`).join(', ')}): ` +
          `${server.taken.length} messages, at most ${mostInAMinute(requests)} in any 60 s, ${refused()} refused by the robot; ` +
          `unnamed ${unnamed.length}; all told after ${((now() - start) / MINUTE).toFixed(1)} simulated minutes, ${sweeps} sweeps\n`,
      )
      expect(unnamed).toEqual([])
      expect(mostInAMinute(requests)).toBeLessThanOrEqual(LIMIT)
      expect([...answers.keys()].sort()).toEqual(['200 alerted', '200 parked'])
      expect(relay.faults).toEqual([])
    } finally {
      await Promise.all([relay.kill(), server.stop()])
    }
  },
)
