import { openFileStore } from '../../support/open-drivers'
import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { buildSync } from 'esbuild'
import { filesBelow } from '../../support/files-below'
import { temporaryFolder } from '../../support/temporary-folder'

const CONTEXT = { credentials: () => null, region: null }

const folder = temporaryFolder()
const script = join(folder.path, 'worker.js')

beforeAll(() => {
  buildSync({
    entryPoints: [resolve(__dirname, '../../support/store-worker.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
  })
})
afterAll(() => folder.remove())

/** Runs a worker to its end, or kills it about when it has said so many lines; gives the whole lines that it said. */
async function runWorker(
  store: string,
  name: string,
  rounds: number,
  killAfterLines?: number,
): Promise<string[][]> {
  const child = spawn(process.execPath, [script, store, name, String(rounds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  let timer: NodeJS.Timeout | undefined
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (killAfterLines !== undefined && said.split('\n').length > killAfterLines) {
      timer ??= setTimeout(() => child.kill('SIGKILL'), Math.random() * 4)
    }
  })
  await new Promise((done) => child.on('close', done))
  clearTimeout(timer)
  return said
    .slice(0, said.lastIndexOf('\n'))
    .split('\n')
    .map((line) => line.split(' '))
}

test('whatever a killed process was promised holds, and nothing is half written', async () => {
  const path = join(folder.path, 'killed')
  const claimedBy = new Map<string, string>()
  let kills = 0
  let promises = 0
  for (let batch = 0; batch < 6; batch++) {
    const names = [0, 1, 2].map((i) => `w${batch * 3 + i}`)
    const said = await Promise.all(
      names.map(async (name) => runWorker(path, name, 1_000_000, 1 + Math.random() * 60)),
    )
    kills += names.length
    const store = openFileStore(`file:${path}`, CONTEXT)
    for (const [i, name] of names.entries()) {
      const parked = new Map<string, number>()
      const maybeGone = new Set<string>()
      for (const [what, subject = '', round] of said[i]!) {
        promises++
        if (what === 'claimed') {
          expect(claimedBy.get(subject)).toBeUndefined()
          claimedBy.set(subject, name)
          expect((await store.claim(`shared ${subject}`, 1)).kind).toBe('held')
        } else if (what === 'parked') {
          parked.set(subject, Number(round))
          maybeGone.delete(subject)
        } else if (what === 'settled') {
          expect(await store.claim(subject, 1)).toEqual({ kind: 'done' })
        } else if (what === 'removing') {
          maybeGone.add(subject)
        } else if (what === 'removed') {
          parked.delete(subject)
        }
      }
      for (const [id, round] of parked) {
        const item = await store.read(id)
        if (item === null && maybeGone.has(id)) continue
        // What was promised, or the parking that was under way.
        expect([round, round + 7]).toContain(item!.tries)
      }
      const note = await store.note(name)
      expect(note === null || /^\d+\.+$/.test(note)).toBe(true)
      expect(note === null || note.length === 50_000).toBe(true)
    }
    for (const { line, items } of await store.lines()) {
      const { headers } = await store.page(line, null, 1000)
      // None is half written.
      expect(headers).toHaveLength(items)
      for (const { id } of headers) {
        const item = await store.read(id)
        // One that was killed on its way may stand in two places: what leads to it leads to one of them.
        if (item === null) continue
        const { tries } = item
        expect(item.payload).toEqual({ kind: 'unverified', bodyBase64: String(tries).padEnd(200_000, '=') })
      }
    }
    expect(await store.strays()).toEqual([])
    // A window that a kill left in between does not stop the next.
    expect(await store.admit('robot', 1_000_000, 600_000)).toBe(0)
    await store.tidy()
  }
  expect(kills).toBe(18)
  expect(promises).toBeGreaterThan(kills)

  const later = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 4 * 3_600_000)
  const store = openFileStore(`file:${path}`, CONTEXT)
  await store.tidy()
  expect(filesBelow(join(path, 'tmp'))).toEqual([])
  expect(filesBelow(join(path, 'claims'))).toEqual([])
  expect(filesBelow(join(path, 'leases'))).toEqual([])
  later.mockRestore()
}, 240_000)

test('of several processes, one gets each claim', async () => {
  const path = join(folder.path, 'shared')
  const said = await Promise.all(['a', 'b', 'c'].map(async (name) => runWorker(path, name, 60)))
  const claimed = said.flat().filter(([what]) => what === 'claimed')
  expect(said.every((lines) => lines.at(-1)?.[0] === 'finished')).toBe(true)
  expect(claimed).toHaveLength(60)
  expect(new Set(claimed.map(([, round]) => round)).size).toBe(60)
}, 240_000)
