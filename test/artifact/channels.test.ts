import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { CloudEvent } from 'cloudevents'
import { Webhook } from 'standardwebhooks'
import { channelContract, LISTED, robotPeer, TASKS } from '../contracts/channel-contract'
import {
  alertmanager,
  PAGERDUTY,
  PAGERDUTY_KEY,
  type Received,
  type Robot,
  serveRobot,
} from '../support/fake-robot'
import { validateAlert, validateAlertLine } from '../support/schema'
import { describeService } from '../support/services'
import { temporaryFolder } from '../support/temporary-folder'
import { callbackXml, runId } from './callbacks'
import { openRelay, type Relay } from './open-relay'

const WITH_INCIDENTS = {
  inWords: true,
  tasks: null,
  ways: ['refusals', 'throttle', 'failures', 'redirect', 'open'],
} as const

channelContract('pagerduty', WITH_INCIDENTS, async () => {
  const fake = await serveRobot(PAGERDUTY)
  return robotPeer(fake, {
    url: `pagerduty://${PAGERDUTY_KEY}?endpoint=${fake.endpoint}`,
    secrets: [PAGERDUTY_KEY],
    garbage: ['{"status":"success"}'],
    isAlert: (event) => event.event_action === 'trigger',
    // JSON has no markup: the fake sees to the shape and the limits.
    read: ({ payload }) =>
      [
        payload!.summary,
        payload!.source,
        ...Object.entries(payload!.custom_details!).flat(2).map(String),
      ].join('\n'),
    open: () => {
      const open = new Map<string, string>()
      for (const event of fake.taken) {
        if (event.event_action === 'resolve') open.delete(event.dedup_key)
        else open.set(event.dedup_key, String(event.payload?.component))
      }
      return [...open.values()]
    },
  })
})

const AUTHORIZATION = `Basic ${Buffer.from('relay:p@ss word').toString('base64')}`

channelContract('alertmanager', WITH_INCIDENTS, async () => {
  const fake = await serveRobot(alertmanager('/am', AUTHORIZATION))
  const isOver = (endsAt: string): boolean => Date.parse(endsAt) <= fake.now()
  return robotPeer(fake, {
    url: `${fake.endpoint.replace('http://', 'alertmanager://relay:p%40ss%20word@')}/am`,
    secrets: ['p@ss word', AUTHORIZATION, AUTHORIZATION.slice('Basic '.length)],
    // An alert that ends when it comes ends an incident.
    isAlert: ([alert]) => Date.parse(alert!.endsAt) - Date.parse(alert!.startsAt) >= 3_600_000,
    read: ([alert]) => [alert!.annotations['title'], alert!.annotations['text']].join('\n'),
    inspect: ([alert]) => {
      for (const value of Object.values(alert!.labels)) expect(value.length).toBeLessThanOrEqual(255)
      expect(Buffer.byteLength(alert!.annotations['text']!)).toBeLessThanOrEqual(8000)
    },
    open: () => {
      const last = new Map(fake.taken.flat().map((alert) => [JSON.stringify(alert.labels), alert]))
      return [...last.values()]
        .filter(({ endsAt }) => !isOver(endsAt))
        .map(({ labels }) => String(labels['object']))
    },
  })
})

describeService('alertmanager', (address) => {
  test('the real server takes an alert, joins its repeat, and ends it on a success of the same object', async () => {
    // The server may be in use for longer.
    const unique = `${process.pid}-${Date.now()}`
    const [mine, other] = [`${unique}/quoted", {x=~".*"}, 课程.mp4`, `${unique}/other.mp4`]
    const open = async (): Promise<unknown[]> => {
      const response = await fetch(`http://${address}/api/v2/alerts`)
      const alerts = (await response.json()) as { labels: Record<string, string> }[]
      return alerts.map(({ labels }) => labels['object']).filter((object) => object?.startsWith(unique))
    }
    const relay = openRelay({
      QUEUE_URL: 'file:/dev/null',
      STORE_URL: 'memory:',
      ALERT_URLS: `alertmanager://${address}`,
    })
    try {
      for (const [index, object] of [mine, mine, other].entries()) {
        const body = callbackXml(runId('a', index), object.replaceAll('"', '&quot;'), 'Failed')
        expect((await relay.post(body)).outcome).toBe('alerted')
      }
      expect((await open()).sort()).toEqual([mine, other].sort())
      const success = callbackXml(runId('a', 9), mine.replaceAll('"', '&quot;'))
      expect((await relay.post(success)).outcome).toBe('queued')
      expect(await open()).toEqual([other])
      await relay.post(callbackXml(runId('a', 10), other))
      expect(await open()).toEqual([])
    } finally {
      await relay.kill()
    }
  })

  test('the real server ends alerts whose texts fill more than 64 KiB', async () => {
    const object = `${process.pid}-${Date.now()}/long.mp4`
    const relay = openRelay({
      QUEUE_URL: 'file:/dev/null',
      STORE_URL: 'memory:',
      ALERT_URLS: `alertmanager://${address}`,
    })
    const task = `<Tasks><Type>T</Type><State>Failed</State><Code>E</Code><Message>${'&lt;&gt;'.repeat(1000)}</Message></Tasks>`
    const open = async (): Promise<string> => {
      const response = await fetch(`http://${address}/api/v2/alerts?filter=object="${object}"`)
      return response.text()
    }
    try {
      for (const [index, state] of ['Failed', 'Cancel'].entries()) {
        const body = callbackXml(runId('l', index), object, state)
        expect((await relay.post(body.replace('</State>', `</State>${task.repeat(60)}`))).outcome).toBe(
          'alerted',
        )
      }
      expect((await open()).length).toBeGreaterThan(65_536)
      expect((await relay.post(callbackXml(runId('l', 9), object))).outcome).toBe('queued')
      expect(await open()).toMatch(/^\[\]\s*$/)
    } finally {
      await relay.kill()
    }
  })

  test('the real server refuses in its own words', async () => {
    const relay = openRelay({ STORE_URL: 'memory:', ALERT_URLS: `alertmanager://${address}/no/such/prefix` })
    try {
      expect((await relay.post(callbackXml(runId('a', 20), 'a.mp4', 'Failed'))).outcome).toBe('parked')
      expect(relay.printed()).toMatch(/alertmanager: HTTP 404: .+ \(check the prefix in the URL\)/)
    } finally {
      await relay.kill()
    }
  })
})

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
        validateAlert(JSON.parse(request.body))
        const event = new CloudEvent(JSON.parse(request.body), true)
        const signature = request.headers['webhook-signature']
        if (secret === null && signature !== undefined) throw new Error('signed with nothing')
        if (secret !== null) {
          const id = String(request.headers['webhook-id'])
          const seconds = Number(request.headers['webhook-timestamp'])
          if (id !== event.id) throw new Error('id')
          if (Math.abs(seconds * 1000 - request.now) > 60_000) throw new Error('stale')
          // The oracle.
          if (new Webhook(secret).sign(id, new Date(seconds * 1000), request.body) !== signature)
            throw new Error('signature')
        }
        return { answer: { status: 204, body: '' }, taken: request }
      } catch (error) {
        return { answer: { status: 400, body: String(error) } }
      }
    },
  }
}

channelContract(
  'http',
  { inWords: false, tasks: TASKS, ways: ['refusals', 'throttle', 'failures', 'redirect'] },
  async () => {
    const fake = await serveRobot(receiver(SECRET))
    return robotPeer(fake, {
      url: `${fake.endpoint}${PATH}#secret=${SECRET}`,
      secrets: [PATH, SECRET, SECRET.slice('whsec_'.length)],
      read: (request) => textsIn(JSON.parse(request.body)).join('\n'),
      isToldByStatus: true,
    })
  },
)

test('http without a secret: taken unsigned', async () => {
  const fake = await serveRobot(receiver(null))
  const relay = openRelay({ STORE_URL: 'memory:', ALERT_URLS: `${fake.endpoint}${PATH}` })
  expect((await relay.post(callbackXml(runId('a', 30), 'a.mp4', 'Failed'))).outcome).toBe('alerted')
  expect(fake.taken).toHaveLength(1)
  await Promise.all([relay.kill(), fake.stop()])
})

/** Every text of a document, as it is. */
function textsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [String(value)]
  return Object.values(value).flatMap(textsIn)
}

channelContract('console', { inWords: true, tasks: LISTED, ways: [] }, async () => {
  // The log is JSON for programs, and says names as they are.
  const alertsOf = (relay: Relay): string => relay.printed().replaceAll(/^\{"level".*\n/gm, '')
  return {
    url: 'console:',
    secrets: [],
    told: (relay) =>
      alertsOf(relay)
        .split(/^(?=🔴|🟠|🔵)/mu)
        .slice(1),
    // What a terminal would obey, or show in another order.
    inspectLast: (relay) =>
      expect(alertsOf(relay)).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}\p{Surrogate}]/u),
    mend: () => undefined,
    close: () => undefined,
  }
})

channelContract('file', { inWords: true, tasks: LISTED, ways: ['refusals'] }, async () => {
  const folder = temporaryFolder()
  const path = join(folder.path, 'made/when missing/警报.jsonl')
  const aside = join(folder.path, 'aside.jsonl')
  const lines = (): string[] => {
    const at = [aside, path].find((one) => existsSync(one))
    return at === undefined ? [] : readFileSync(at, 'utf8').split('\n').slice(0, -1)
  }
  return {
    url: `file:${encodeURI(path)}`,
    secrets: [],
    told: () =>
      lines().map((line) => {
        const alert = JSON.parse(line) as Record<string, unknown>
        validateAlertLine(alert)
        const { severity, title, text } = alert
        expect(['error', 'warning']).toContain(severity)
        return [title, text].join('\n')
      }),
    // A folder where the file belongs.
    refusals: [
      () => {
        renameSync(path, aside)
        mkdirSync(path)
      },
    ],
    mend: () => {
      rmdirSync(path)
      renameSync(aside, path)
    },
    close: () => folder.remove(),
  }
})
