import { Deadline } from '../../../src/net/deadline'
import { openFileQueue } from '../../support/open-drivers'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sampleEvent } from '../../support/events'

const CONTEXT = { credentials: () => null, region: null }

describe('file', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'relay-file-'))
  })
  afterEach(() => rmSync(dir, { recursive: true }))

  const signal = (): Deadline => Deadline.in(5000)
  const lines = (path: string): string[] => readFileSync(path, 'utf8').split('\n')

  test.each(['file:', 'file:dir/', 'file://', 'file:%'])('%s is refused', (url) => {
    expect(() => openFileQueue(url, CONTEXT)).toThrow(/path|PATH/)
  })

  test.each(['file:', 'file://'])('%s takes a path, and makes its directory', async (prefix) => {
    const path = join(dir, 'a b', '队列.jsonl')
    const queue = openFileQueue(`${prefix}${encodeURI(path)}`, CONTEXT)
    await queue.publish(sampleEvent('one'), signal())
    await queue.publish(sampleEvent('two'), signal())
    expect(lines(path)).toEqual([JSON.stringify(sampleEvent('one')), JSON.stringify(sampleEvent('two')), ''])
  })

  test('writes a line an event, however many come at once', async () => {
    const path = join(dir, 'queue.jsonl')
    const queue = openFileQueue(`file:${path}`, CONTEXT)
    const ids = Array.from({ length: 50 }, (_, index) => String(index))
    await Promise.all(ids.map((id) => queue.publish(sampleEvent(id), signal())))
    const written = lines(path).slice(0, -1)
    expect(written.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(ids)
  })

  test('closes off the line that a crash left unfinished', async () => {
    const path = join(dir, 'queue.jsonl')
    writeFileSync(path, `${JSON.stringify(sampleEvent('whole'))}\n{"specversion":"1.0","id":"to`)
    const queue = openFileQueue(`file:${path}`, CONTEXT)
    await queue.publish(sampleEvent('next'), signal())
    expect(lines(path)).toEqual([
      JSON.stringify(sampleEvent('whole')),
      '{"specversion":"1.0","id":"to',
      JSON.stringify(sampleEvent('next')),
      '',
    ])
  })

  test('says why it could not write, and goes on when it can', async () => {
    const path = join(dir, 'taken')
    mkdirSync(path)
    const queue = openFileQueue(`file:${path}`, CONTEXT)
    await expect(queue.publish(sampleEvent('one'), signal())).rejects.toMatchObject({
      message: `file: ${path}: EISDIR`,
    })
    rmSync(path, { recursive: true })
    await queue.publish(sampleEvent('two'), signal())
    queue.close?.()
    expect(lines(path)).toHaveLength(2)
  })

  test('writes nothing once the time is up', async () => {
    const path = join(dir, 'queue.jsonl')
    const queue = openFileQueue(`file:${path}`, CONTEXT)
    await expect(queue.publish(sampleEvent('late'), Deadline.in(0))).rejects.toThrow(
      'within the time allowed',
    )
    await queue.publish(sampleEvent('on-time'), signal())
    expect(lines(path)).toEqual([JSON.stringify(sampleEvent('on-time')), ''])
  })
})
