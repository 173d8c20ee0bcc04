import { Deadline } from '../../../src/net/deadline'
import { openFileChannel } from '../../support/open-drivers'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { plainText } from '../../../src/alerts/alert'
import { CONTEXT } from '../../support/driver-errors'
import { CHINESE, ENGLISH, HUGE, WITHOUT_EVENT } from '../../support/sample-alerts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'alerts-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const inTime = (): Deadline => Deadline.in(5000)
const linesOf = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []

describe('file', () => {
  test('a line is exactly severity, title, text and event', async () => {
    const path = join(folder, 'alerts.jsonl')
    const channel = openFileChannel(`file://${path}`, CONTEXT)
    await channel.send(ENGLISH, inTime())
    await channel.send(WITHOUT_EVENT, inTime())
    expect(linesOf(path).map((line) => JSON.parse(line))).toEqual(
      [ENGLISH, WITHOUT_EVENT].map((alert) => ({
        severity: alert.severity,
        title: alert.title,
        text: plainText(alert),
        event: alert.event,
      })),
    )
  })

  test('alerts sent at once are whole lines, in order', async () => {
    const path = join(folder, 'alerts.jsonl')
    const channel = openFileChannel(`file:${path}`, CONTEXT)
    const alerts = Array.from({ length: 20 }, (_, index) => ({
      ...(index % 5 === 0 ? HUGE : CHINESE),
      title: String(index),
    }))
    await Promise.all(alerts.map((alert) => channel.send(alert, inTime())))
    expect(linesOf(path).map((line) => JSON.parse(line).title)).toEqual(alerts.map(({ title }) => title))
  })

  test('half a line left by a crash does not swallow the next alert', async () => {
    const path = join(folder, 'alerts.jsonl')
    appendFileSync(path, '{"severity":"err')
    await openFileChannel(`file:${path}`, CONTEXT).send(ENGLISH, inTime())
    expect(JSON.parse(linesOf(path)[1]!).title).toBe(ENGLISH.title)
  })

  test('gives up waiting for the disk when told to', async () => {
    const channel = openFileChannel(`file:${join(folder, 'alerts.jsonl')}`, CONTEXT)
    const sent = channel.send(HUGE, Deadline.in(0))
    await expect(sent).rejects.toMatchObject({ name: 'PeerError' })
    channel.close?.()
  })

  test.each(['file:', 'file:///', 'file://host/x', 'file:dir/', 'file:a%00b', 'file:%zz'])(
    'refuses %s',
    (url) => {
      expect(() => openFileChannel(url, CONTEXT)).toThrow(/file|path/)
    },
  )
})
