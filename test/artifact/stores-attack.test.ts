import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { filesBelow } from '../support/files-below'
import { temporaryFolder } from '../support/temporary-folder'
import { callbackXml, runOf } from './callbacks'
import { startPeer } from './http-peer'
import { openRelay, type Relay } from './open-relay'

const DAY = 86_400_000

/** The same sequence for the same seed (mulberry32). */
function chances(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Everything below a folder that is there at this moment. */
function filesIn(path: string): string[] {
  try {
    return readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))
  } catch {
    return []
  }
}

/** Does one harm to one thing below `path`; what has gone meanwhile is left alone. */
function harm(path: string, chance: () => number): void {
  const all = filesIn(path)
  const victim = all[Math.floor(chance() * all.length)]
  if (victim === undefined) return
  try {
    const isFolder = statSync(victim).isDirectory()
    switch (Math.floor(chance() * 7)) {
      case 0:
        if (!isFolder) writeFileSync(victim, Buffer.from(Array.from({ length: 40 }, () => chance() * 256)))
        break
      case 1:
        if (!isFolder) writeFileSync(victim, '')
        break
      case 2:
        if (!isFolder) renameSync(victim, `${victim}~`)
        break
      case 3:
        rmSync(victim, { recursive: true, force: true })
        break
      case 4:
        writeFileSync(join(isFolder ? victim : path, `${String(Math.floor(chance() * 1e6))}.tmp`), 'stray')
        break
      case 5:
        if (!isFolder) {
          rmSync(victim)
          mkdirSync(victim)
        }
        break
      default:
        if (!isFolder) {
          rmSync(victim)
          symlinkSync('/etc/hostname', victim)
        }
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!['ENOENT', 'EEXIST', 'ENOTDIR', 'EISDIR', 'ELOOP'].includes(String(code))) throw error
  }
}

test.each([1, 2, 3])(
  'whatever happens to all but the items, each callback that was taken is delivered (%i)',
  async (seed) => {
    const chance = chances(seed)
    const folder = temporaryFolder()
    const store = join(folder.path, 'store')
    const queue = await startPeer()
    const open = (): Relay => openRelay({ QUEUE_URL: queue.url, STORE_URL: `file:${store}` })
    let relays = [open(), open()]
    await relays[1]!.passTime(DAY)
    const taken = new Set<string>()
    try {
      for (let round = 0; round < 60; round++) {
        queue.manner = chance() < 0.5 ? 'takes' : 'refuses'
        const id = `i${round}`
        const relay = relays[round % 2]!
        const { outcome, status } = await relay.post(callbackXml(id, `${round % 5}.mp4`))
        if (status === 200) taken.add(id)
        expect(['queued', 'parked', 'undelivered', 'duplicate', 'held']).toContain(outcome)
        for (const part of ['claims', 'leases', 'notes', 'windows', 'tmp', 'tidied', 'ids', 'marks'])
          harm(join(store, part), chance)
        if (chance() < 0.1) {
          const part = ['claims', 'leases', 'tmp', 'ids'][Math.floor(chance() * 4)]!
          rmSync(join(store, part), { recursive: true, force: true })
        }
        if (chance() < 0.2) await relays[(round + 1) % 2]!.sweep()
        if (chance() < 0.1) {
          const dying = relays[0]!.post(callbackXml(`lost${round}`))
          dying.catch(() => undefined)
          await relays[0]!.kill()
          relays = [open(), relays[1]!]
        }
        expect(relays.flatMap(({ faults }) => faults)).toEqual([])
      }
      queue.manner = 'takes'
      let waiting = -1
      for (let sweeps = 0; sweeps < 10 && waiting !== 0; sweeps++) {
        for (const relay of relays) await relay.passTime(3_600_000)
        waiting = (await relays[sweeps % 2]!.sweep()).waiting
      }
      expect(waiting).toBe(0)
      const ids = new Set(queue.taken.map(runOf))
      expect([...taken].filter((id) => !ids.has(id))).toEqual([])
    } finally {
      for (const relay of relays) await relay.kill()
      await queue.stop()
      folder.remove()
    }
  },
)

test('whatever happens to the items, the others are delivered, and nothing beside the store is touched', async () => {
  const chance = chances(7)
  const folder = temporaryFolder()
  const store = join(folder.path, 'store')
  const queue = await startPeer('refuses')
  const relay = openRelay({ QUEUE_URL: queue.url, STORE_URL: `file:${store}` })
  try {
    for (let i = 0; i < 60; i++) await relay.post(callbackXml(`i${i}`, `${i}.mp4`))
    writeFileSync(join(folder.path, 'beside'), 'precious')
    const items = join(store, 'outbox')
    const before = new Map(filesBelow(items).map((path) => [path, readFileSync(path, 'utf8')]))
    expect(before.size).toBe(60)
    for (let i = 0; i < 40; i++) harm(items, chance)
    const whole = [...before].filter(([path, text]) => {
      try {
        return readFileSync(path, 'utf8') === text
      } catch {
        return false
      }
    })
    expect(whole.length).toBeLessThan(60)
    queue.manner = 'takes'
    await relay.passTime(15_000)
    expect(await relay.sweep()).toMatchObject({ failed: 0, dead: 0, waiting: 0, delivered: whole.length })
    expect(readFileSync(join(folder.path, 'beside'), 'utf8')).toBe('precious')
    expect(relay.faults).toEqual([])
  } finally {
    await relay.kill()
    await queue.stop()
    folder.remove()
  }
})
