import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder'
import { callbackXml, runOf } from './callbacks'
import { type HttpPeer, startPeer } from './http-peer'
import { openRelay, type Relay } from './open-relay'

let folder: TemporaryFolder
let queue: HttpPeer
let relays: Relay[]
beforeEach(async () => {
  folder = temporaryFolder()
  queue = await startPeer()
  relays = []
})
afterEach(async () => {
  for (const relay of relays) await relay.kill()
  await queue.stop()
  folder.remove()
})
const opened = (env: Readonly<Record<string, string>>, execArgv: readonly string[] = []): Relay => {
  const relay = openRelay({ QUEUE_URL: queue.url, ...env }, { execArgv })
  relays.push(relay)
  return relay
}

/** A script that the process runs before anything else. */
function before(script: string): readonly string[] {
  const path = join(folder.path, 'before.cjs')
  writeFileSync(path, script)
  return ['--require', path]
}

const openToOthers = (path: string): string[] =>
  [path, ...readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))].filter(
    (name) => (statSync(name).mode & 0o077) !== 0,
  )
const linesOf = (path: string): { id: string }[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as { id: string }]
      } catch {
        return []
      }
    })

describe('permissions', () => {
  const env = (): Record<string, string> => ({
    STORE_URL: `file:${folder.path}/made/by/us/store`,
    QUEUE_URL: `file:${folder.path}/made/by/us/queue.jsonl`,
    ALERT_URLS: `file:${folder.path}/made/by/us/alerts.jsonl`,
  })

  test.each(['0', '022', '077', '0777'])('with umask %s files are 0600 and folders 0700', async (umask) => {
    const relay = opened(env(), before(`process.umask(0o${umask})`))
    await relay.post(callbackXml('i1'))
    await relay.post(callbackXml('i2', 'a.mp4', 'Failed'))
    await relay.post('<Response><Broken>')
    await relay.sweep()
    const made = join(folder.path, 'made')
    const names = readdirSync(made, { recursive: true, encoding: 'utf8' })
    expect(names.length).toBeGreaterThan(10)
    for (const name of ['.', ...names]) {
      const stat = statSync(join(made, name))
      expect([name, (stat.mode & 0o777).toString(8)]).toEqual([name, stat.isDirectory() ? '700' : '600'])
    }
  })

  test('a store that is open to others is closed', async () => {
    const store = join(folder.path, 'store')
    mkdirSync(join(store, 'items'), { recursive: true })
    for (const path of [store, join(store, 'items')]) chmodSync(path, 0o755)
    const relay = opened({ STORE_URL: `file:${store}` })
    await relay.post(callbackXml('i1'))
    expect(openToOthers(store).filter((path) => path === store)).toEqual([])
  })

  test('a folder that holds other things, too, is left as it is, but the store’s own folders in it are closed', async () => {
    const store = join(folder.path, 'shared')
    mkdirSync(join(store, 'items'), { recursive: true })
    writeFileSync(join(store, 'other.txt'), '')
    for (const path of [store, join(store, 'items')]) chmodSync(path, 0o755)
    const relay = opened({ STORE_URL: `file:${store}` })
    await relay.post(callbackXml('i1'))
    expect(openToOthers(store).sort()).toEqual([store, join(store, 'other.txt')].sort())
  })

  test('a queue file that is there keeps its permissions', async () => {
    const path = join(folder.path, 'queue.jsonl')
    writeFileSync(path, '')
    chmodSync(path, 0o640)
    const relay = opened({ QUEUE_URL: `file:${path}` })
    await relay.post(callbackXml('i1'))
    expect((statSync(path).mode & 0o777).toString(8)).toBe('640')
  })
})

/** Runs on a disk of `size`; skipped, under a name that says why, where none can be mounted. */
function onSmallDisk(name: string, size: string, run: (disk: string) => Promise<void>): void {
  const probe = temporaryFolder()
  const canMount = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', probe.path]).status === 0
  if (canMount) spawnSync('umount', [probe.path])
  probe.remove()
  if (!canMount) {
    test.skip(`${name} (needs root, to mount a small disk)`, () => undefined)
    return
  }
  test(name, async () => {
    const disk = join(folder.path, 'disk')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk])
    try {
      await run(disk)
    } finally {
      for (const relay of relays) await relay.kill()
      execFileSync('umount', ['-l', disk])
    }
  })
}

/** Fills a disk to its last byte. */
function fill(disk: string): void {
  spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'ballast')}`, 'bs=4096'])
}

describe('a full disk', () => {
  onSmallDisk(
    'nothing is lost, no draft stays, and what waits is drained while it is full',
    '1m',
    async (disk) => {
      const store = join(disk, 'store')
      const relay = opened({ STORE_URL: `file:${store}` })
      queue.manner = 'refuses'
      for (const id of ['i1', 'i2', 'i3'])
        expect((await relay.post(callbackXml(id, 'same.mp4'))).outcome).toBe('parked')
      fill(disk)
      expect(await relay.post(callbackXml('i4'))).toMatchObject({ status: 503, outcome: 'undelivered' })
      expect(await relay.sweep()).toMatchObject({ delivered: 0 })
      await relay.passTime(3_600_000)
      // Neither can be noted, and both are still there.
      expect(await relay.sweep()).toMatchObject({ delivered: 0, dead: 0, waiting: 3 })
      expect(readdirSync(join(store, 'tmp'))).toEqual([])
      queue.manner = 'takes'
      await relay.passTime(3_600_000)
      expect(await relay.sweep()).toMatchObject({ delivered: 3, waiting: 0 })
      expect(queue.taken.map(runOf)).toEqual(['i1', 'i2', 'i3'])
      expect((await relay.post(callbackXml('i5'))).outcome).toBe('queued')
      rmSync(join(disk, 'ballast'))
      // Not lost with the answer 503: the sender comes again.
      expect((await relay.post(callbackXml('i4'))).outcome).toBe('queued')
      expect((await relay.post(callbackXml('i4'))).outcome).toBe('duplicate')
    },
  )

  onSmallDisk(
    'the queue file: a line that is cut off spoils no other, of several processes',
    '64k',
    async (disk) => {
      const path = join(disk, 'queue.jsonl')
      const env = { QUEUE_URL: `file:${path}`, STORE_URL: 'memory:' }
      const [one, two] = [opened(env), opened(env)]
      const acknowledged: string[] = []
      const post = async (relay: Relay, id: string): Promise<unknown> => {
        const { outcome } = await relay.post(callbackXml(id, `${id}.mp4`))
        if (outcome === 'queued') acknowledged.push(id)
        return outcome
      }
      let outcome: unknown = 'queued'
      for (let i = 0; outcome === 'queued'; i++) outcome = await post(i % 2 === 0 ? one : two, `a${i}`)
      expect(outcome).toBe('parked')
      expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(false)
      execFileSync('mount', ['-o', 'remount,size=256k', disk])
      for (let i = 0; i < 10; i++) expect(await post(i % 2 === 0 ? two : one, `b${i}`)).toBe('queued')
      await one.passTime(15_000)
      await two.passTime(15_000)
      const drained = (await one.sweep()).delivered + (await two.sweep()).delivered
      expect(drained).toBe(1)
      const ids = linesOf(path).map(runOf)
      expect(new Set(ids).size).toBe(ids.length)
      expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([])
      expect(ids).toHaveLength(acknowledged.length + 1)
    },
  )
})

test('a file limit: a line that is cut off at it spoils no other', async () => {
  const path = join(folder.path, 'queue.jsonl')
  const limited = resolve(folder.path, 'limited.sh')
  writeFileSync(limited, `#!/bin/sh\nulimit -f 8\nexec ${process.execPath} "$@"\n`, { mode: 0o755 })
  const env = { QUEUE_URL: `file:${path}`, STORE_URL: 'memory:' }
  const narrow = openRelay(env, { node: limited })
  relays.push(narrow)
  const acknowledged: string[] = []
  let outcome: unknown = 'queued'
  for (let i = 0; outcome === 'queued' && i < 100; i++) {
    outcome = (await narrow.post(callbackXml(`a${i}`))).outcome
    if (outcome === 'queued') acknowledged.push(`a${i}`)
  }
  expect(outcome).toBe('parked')
  const wide = opened(env)
  expect((await wide.post(callbackXml('b'))).outcome).toBe('queued')
  expect(linesOf(path).map(runOf)).toEqual([...acknowledged, 'b'])
})

test('a disk that fails while lines are on their way: none of them passes for kept', async () => {
  const path = join(folder.path, 'queue.jsonl')
  // The system tells the first of those who wait, and the others that all is well.
  const failOnce = `const fs = require('node:fs')
let calls = 0
const real = fs.fdatasync
fs.fdatasync = (fd, done) => {
  calls += 1
  const fails = calls === 2
  setTimeout(() => fails ? done(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' })) : real(fd, done), fails ? 50 : 200)
}`
  const relay = opened({ QUEUE_URL: `file:${path}`, STORE_URL: 'memory:' }, before(failOnce))
  expect((await relay.post(callbackXml('i0', '0.mp4'))).outcome).toBe('queued')
  const outcomes = await Promise.all(
    ['i1', 'i2', 'i3'].map(async (id) => (await relay.post(callbackXml(id, `${id}.mp4`))).outcome),
  )
  expect(outcomes).toEqual(['parked', 'parked', 'parked'])
  await relay.passTime(15_000)
  expect(await relay.sweep()).toMatchObject({ delivered: 3, waiting: 0 })
})

test('too many open files: told to come again, and well afterwards', async () => {
  const store = join(folder.path, 'store')
  const script = `const fs = require('node:fs'); globalThis.hold = []; process.on('SIGUSR2', () => {
  try { for (;;) globalThis.hold.push(fs.openSync('/dev/null')) } catch {}
  setTimeout(() => { for (const fd of globalThis.hold.splice(0)) fs.closeSync(fd) }, 3000) })`
  const limited = resolve(folder.path, 'limited.sh')
  writeFileSync(limited, `#!/bin/sh\nulimit -n 64\nexec ${process.execPath} "$@"\n`, { mode: 0o755 })
  const relay = openRelay(
    { QUEUE_URL: `file:${folder.path}/queue.jsonl`, STORE_URL: `file:${store}` },
    { node: limited, execArgv: before(script) },
  )
  relays.push(relay)
  expect((await relay.post(callbackXml('i1'))).outcome).toBe('queued')
  process.kill(relay.pid, 'SIGUSR2')
  await new Promise((done) => setTimeout(done, 200))
  const answer = await relay.post(callbackXml('i2'))
  expect([200, 503]).toContain(answer.status)
  await new Promise((done) => setTimeout(done, 3500))
  const again = (await relay.post(callbackXml('i2'))).outcome
  expect(['queued', 'duplicate']).toContain(again)
  expect(
    linesOf(join(folder.path, 'queue.jsonl')).filter((line) => runOf(line) === 'i2').length,
  ).toBeGreaterThanOrEqual(1)
  expect(existsSync(join(store, 'tmp')) ? readdirSync(join(store, 'tmp')) : []).toEqual([])
  expect(relay.faults).toEqual([])
})
