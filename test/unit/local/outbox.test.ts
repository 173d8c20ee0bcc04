import { listAll } from '../../support/list-all'
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { openStore } from '../../../src/stores/open-store'
import type { ParkedItem, Store } from '../../../src/stores/store'
import { describeService } from '../../support/services'
import { alertItem, CONTEXT, message } from '../../support/sweep-scene'
import { temporaryFolder } from '../../support/temporary-folder'

const ROOT = resolve(__dirname, '..', '..', '..')
const built = temporaryFolder()
const OUTBOX = join(built.path, 'relay.js')

beforeAll(() => {
  const build = `import('./tools/build/build.mjs').then((m) => m.buildLocalTools({ outdir: ${JSON.stringify(built.path)} }))`
  execFileSync(process.execPath, ['-e', build], { cwd: ROOT })
})
afterAll(() => built.remove())

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs it as a person would, with nothing in the environment but what is given. */
async function outbox(env: Record<string, string>, ...args: string[]): Promise<Ran> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [OUTBOX, 'outbox', ...args],
      { env: { PATH: process.env['PATH'], ...env }, cwd: built.path, timeout: 20_000 },
      (error, out, err) => {
        const { code } = (error ?? {}) as { code?: unknown }
        done({ code: error === null ? 0 : typeof code === 'number' ? code : -1, out, err })
      },
    )
  })
}

async function json(env: Record<string, string>, ...args: string[]): Promise<unknown> {
  return JSON.parse((await outbox(env, ...args, '--json')).out)
}

const AT = Date.UTC(2026, 0, 5, 8)

function quarantined(id: string, body: string, parkedAt = AT): ParkedItem {
  const problem = 'The XML is not well formed: line 1,\ncolumn 9: <a> is not closed.'
  return {
    id,
    group: id,
    status: 'quarantined',
    parkedAt,
    tries: 0,
    dueAt: parkedAt,
    lastError: problem,
    payload: {
      kind: 'unreadable',
      bodyBase64: Buffer.from(body).toString('base64'),
      error: 'malformed',
      message: problem,
    },
  }
}

const refused = { tries: 3, lastError: 'amqp: mq.internal:5672: connection refused', dueAt: AT + 90_000 }
const R1 = message('r1', 'a.mp4', { ...refused, parkedAt: AT })
const R2 = message('r2', 'a.mp4', { ...refused, parkedAt: AT + 1000 })
const R3 = message('r3', '视频/b.mp4', { ...refused, parkedAt: AT + 2000, status: 'dead', tries: 41 })
const BAD = quarantined('unreadable-x', '<a>\u001b[2J</a', AT + 3000)

describe.each(['file', 'redis'] as const)('%s store', (kind) => {
  const suite = (url: string): void => {
    const folder = temporaryFolder()
    const queueFile = join(folder.path, 'queue.jsonl')
    const withQueue = { STORE_URL: url, QUEUE_URL: `file:${queueFile}` }
    const store = { STORE_URL: url }
    let direct: Store

    const delivered = (): string[] =>
      existsSync(queueFile)
        ? readFileSync(queueFile, 'utf8')
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => (JSON.parse(line) as { id: string }).id)
        : []

    beforeEach(async () => {
      direct = await openStore(url, CONTEXT)
      for (const { id } of await listAll(direct)) await direct.remove([id])
      for (const item of [R1, R2, R3, BAD]) await direct.park(item)
      writeFileSync(queueFile, '')
    })
    afterEach(async () => {
      for (const { id } of await listAll(direct)) await direct.remove([id])
      direct.close?.()
    })
    afterAll(() => folder.remove())

    const rest = async (): Promise<string[]> => (await listAll(direct)).map(({ id }) => id)

    test('list: a table for people', async () => {
      const { code, out, err } = await outbox(store, 'list')
      expect({ code, err }).toEqual({ code: 0, err: '' })
      const lines = out.split('\n')
      expect(lines[0]).toMatch(/^id +status +since +tries +next try +to +about +last error$/)
      expect(lines[2]).toMatch(
        new RegExp(
          `^${R1.id} +waiting +2026-01-05T08:00:00Z +3 +2026-01-05T08:01:30Z +queue +r1 · a.mp4 +amqp: mq.internal:5672: connection refused$`,
        ),
      )
      expect(lines[4]).toMatch(
        new RegExp(`^${R3.id} +dead +2026-01-05T08:00:02Z +41 +- +queue +r3 · 视频/b.mp4 +amqp: `),
      )
      expect(lines[5]).toMatch(
        /^unreadable-x +quarantined +.* +0 +- +- +a body that could not be read +The XML is not well formed: line 1, column 9/,
      )
      expect(lines.slice(6)).toEqual(['', '2 waiting, 1 dead, 1 quarantined', ''])
    })

    test('list: 1,000 at a time, from where the last one ended, or all', async () => {
      const at = Date.UTC(2026, 0, 6)
      for (let start = 0; start < 1_100; start += 100)
        await Promise.all(
          Array.from({ length: 100 }, async (_, i) =>
            direct.park({
              ...R1,
              id: `more-${start + i}`,
              group: `queue-${'g'.repeat(22)}`,
              parkedAt: at + start + i,
            }),
          ),
        )
      const first = await outbox(store, 'list')
      const rows = (text: string): string[] =>
        text
          .split('\n')
          .filter((line) => / (waiting|dead|quarantined) /.test(line))
          .map((line) => line.split(' ')[0]!)
      expect(rows(first.out)).toHaveLength(1_000)
      expect(first.out).toContain('1102 waiting, 1 dead, 1 quarantined')
      const [, from = ''] = /More: npm run outbox -- list --from '([^']+)'/.exec(first.out) ?? []
      const second = await outbox(store, 'list', '--from', from)
      expect(second.code).toBe(0)
      expect(rows(second.out)).toHaveLength(104)
      expect(new Set([...rows(first.out), ...rows(second.out)]).size).toBe(1_104)
      expect(second.out).not.toContain('More:')
      expect(((await json(store, 'list', '--all')) as unknown[]).length).toBe(1_104)
      const page = await outbox(store, 'list', '--json')
      expect((JSON.parse(page.out) as unknown[]).length).toBe(1_000)
      expect(page.err).toContain(`--from '${from}'`)
      expect((await outbox(store, 'list', '--from', ':dead/nobody-else')).err).toContain(
        'nothing stands there any more',
      )
    }, 60_000)

    test('list --json: an array for programs', async () => {
      const items = (await json(store, 'list')) as unknown[]
      expect(items).toHaveLength(4)
      expect(items[0]).toEqual({
        about: 'r1 · a.mp4',
        id: R1.id,
        status: 'waiting',
        group: R1.group,
        tries: 3,
        parkedAt: '2026-01-05T08:00:00Z',
        dueAt: '2026-01-05T08:01:30Z',
        lastError: 'amqp: mq.internal:5672: connection refused',
      })
    })

    test('show: one item, whole', async () => {
      const { code, out } = await outbox(store, 'show', R3.id)
      expect(code).toBe(0)
      expect(out).toMatch(/^status +dead$/m)
      expect(out).toMatch(/^next try +-$/m)
      expect(out).toMatch(/^kind +message$/m)
      expect(out).toContain('"subject": "视频/b.mp4"')
      expect(await json(store, 'show', R3.id)).toMatchObject({ id: R3.id, tries: 41, parcel: R3.payload })
    })

    test('show: a body that could not be read is shown as it came, but commands no terminal', async () => {
      const { out } = await outbox(store, 'show', BAD.id)
      expect(out).toContain('<a>\ufffd[2J</a')
      expect(out).toMatch(/^last error +The XML is not well formed: line 1, column 9/m)
      expect(await json(store, 'show', BAD.id)).toMatchObject({ body: '<a>\u001b[2J</a' })
    })

    test('redeliver ID…: delivered from here, and gone', async () => {
      const { code, out } = await outbox(withQueue, 'redeliver', R3.id, R1.id)
      expect(code).toBe(0)
      expect(out).toMatch(new RegExp(`^${R3.id} +yes +delivered$`, 'm'))
      expect(delivered()).toEqual(['r3', 'r1'])
      expect(await rest()).toEqual([R2.id, BAD.id])
    })

    test('redeliver --all: all but the quarantined, the oldest first', async () => {
      const results = await json(withQueue, 'redeliver', '--all')
      expect(results).toEqual([R1, R2, R3].map(({ id }) => ({ id, done: true, note: 'delivered' })))
      expect(delivered()).toEqual(['r1', 'r2', 'r3'])
      expect(await rest()).toEqual([BAD.id])
    })

    test('redeliver --all: none overtakes one of its object that failed', async () => {
      const nowhere = { ...store, QUEUE_URL: 'http://127.0.0.1:9/' }
      const { code, out } = await outbox(nowhere, 'redeliver', '--all')
      expect(code).toBe(1)
      expect(out).toMatch(new RegExp(`^${R1.id} +NO +http: `, 'm'))
      expect(out).toMatch(new RegExp(`^${R2.id} +NO +waits behind ${R1.id}$`, 'm'))
      expect(out).toMatch(new RegExp(`^${R3.id} +NO +http: `, 'm'))
      expect(await direct.read(R1.id)).toMatchObject({ status: 'waiting', tries: 4 })
      expect(await direct.read(R2.id)).toEqual(R2)
      expect(await direct.read(R3.id)).toMatchObject({ status: 'waiting', tries: 1 })
    })

    test('redeliver without targets: due at the next sweep of the function', async () => {
      const { code, out } = await outbox(store, 'redeliver', R3.id)
      expect(code).toBe(0)
      expect(out).toContain(
        "due now: the function's next sweep tries it (no sweep is recorded: is the timer on?)",
      )
      const item = await direct.read(R3.id)
      expect(item?.status).toBe('waiting')
      expect(Math.abs(item!.dueAt - Date.now())).toBeLessThan(60_000)
    })

    test('a quarantined body that can be read by now is relayed, one that cannot stays', async () => {
      const good = '<WorkflowExecution><RunId>r9</RunId><State>Success</State></WorkflowExecution>'
      await direct.park(quarantined('unreadable-good', good))
      const { code, out } = await outbox(withQueue, 'redeliver', 'unreadable-good', BAD.id)
      expect(code).toBe(1)
      expect(out).toMatch(/^unreadable-good +yes +delivered$/m)
      expect(out).toMatch(/^unreadable-x +NO +\S/m)
      expect(delivered()).toEqual(['r9:Success'])
      expect(await direct.read(BAD.id)).toMatchObject({ status: 'quarantined', tries: 1 })
    })

    test('drop: forgotten, delivered to nobody', async () => {
      expect(await json(withQueue, 'drop', BAD.id, R1.id)).toEqual([
        { id: BAD.id, done: true, note: 'dropped' },
        { id: R1.id, done: true, note: 'dropped' },
      ])
      expect(delivered()).toEqual([])
      expect(await rest()).toEqual([R2.id, R3.id])
    })

    test('an id that is not there: said, and the others are done', async () => {
      for (const command of ['redeliver', 'drop']) {
        const { code, out } = await outbox(withQueue, command, 'nobody', command === 'drop' ? R1.id : R3.id)
        expect(code).toBe(1)
        expect(out).toMatch(/^nobody +NO +not there, or a sweep is just at it$/m)
        expect(out).toMatch(/ yes +(delivered|dropped)$/m)
      }
      expect(await outbox(store, 'show', 'nobody')).toEqual({
        code: 1,
        out: '',
        err: 'outbox: no item has the id nobody\n',
      })
    })

    test('an item that a sweep is just at is left to it', async () => {
      await direct.take(R1.id, 60_000)
      const { code } = await outbox(withQueue, 'redeliver', R1.id)
      expect(code).toBe(1)
      expect(delivered()).toEqual([])
    })

    test('an empty outbox says so', async () => {
      for (const id of await rest()) await direct.remove([id])
      expect((await outbox(store, 'list')).out).toBe('The outbox is empty.\n')
      expect(await json(store, 'list')).toEqual([])
      expect(await outbox(withQueue, 'redeliver', '--all')).toEqual({
        code: 0,
        out: 'Nothing to do.\n',
        err: '',
      })
    })
  }

  if (kind === 'file') {
    const folder = temporaryFolder()
    afterAll(() => folder.remove())
    suite(`file:${join(folder.path, 'store')}`)
  } else {
    describeService('redis', (address) => suite(`redis://${address}/0?prefix=outbox-test-${process.pid}:`))
  }
})

describe('wrong calls end with 2 and say what is right', () => {
  const folder = temporaryFolder()
  afterAll(() => folder.remove())
  const env = { STORE_URL: `file:${join(folder.path, 'store')}` }

  test.each([
    [['lst'], 'no command is called lst'],
    [['show'], 'give one ID'],
    [['show', 'a', 'b'], 'give one ID'],
    [['drop'], 'give an ID'],
    [['redeliver'], 'give an ID (or, to redeliver, --all)'],
    [['redeliver', '--all', 'a'], 'give IDs or --all, not both'],
    [['drop', '--all'], '--all goes with redeliver and list only'],
    [['list', 'a'], 'list takes no ID'],
    [['list', '--jsn'], 'unknown option --jsn'],
  ])('%j', async (args, words) => {
    const { code, out, err } = await outbox(env, ...args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(`outbox: ${words}`)
    expect(err).toContain('npm run outbox -- --help')
  })

  test('no command at all, and --help', async () => {
    expect(await outbox(env)).toMatchObject({
      code: 2,
      out: expect.stringContaining('redeliver ID…') as string,
    })
    expect(await outbox(env, '--help')).toMatchObject({
      code: 0,
      out: expect.stringContaining('list') as string,
    })
  })

  test.each([
    ['STORE_URL', { STORE_URL: 'mysql://root:hunter2secret@db/relay' }, ['list']],
    ['STORE_URL', { STORE_URL: 'redis://u:hunter2secret@127.0.0.1/zero' }, ['list']],
    ['QUEUE_URL', { ...env, QUEUE_URL: 'amqp://u:hunter2secret@mq/' }, ['redeliver', '--all']],
    ['ALERT_URLS', { ...env, ALERT_URLS: 'nosuch://hunter2secret' }, ['redeliver', '--all']],
  ])('an environment that is wrong: %s %#', async (name, wrong, args) => {
    const { code, out, err } = await outbox(wrong, ...args)
    expect(code).toBe(2)
    expect(err).toContain(name)
    expect(out + err).not.toContain('hunter2secret')
  })
})

describe('secrets', () => {
  test('a store that cannot be reached: the host is named, not the password', async () => {
    const { code, out, err } = await outbox({ STORE_URL: 'redis://u:hunter2secret@127.0.0.1:9/0' }, 'list')
    expect(code).toBe(1)
    expect(err).toMatch(/^outbox: redis: 127\.0\.0\.1:9: /)
    expect(out + err).not.toContain('hunter2secret')
  })

  describe('of targets that refuse', () => {
    let server: Server
    beforeAll(async () => {
      server = createServer((_, response) => response.writeHead(500).end('no'))
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    })
    afterAll(async () => new Promise((closed) => server.close(closed)))

    test('reach neither the terminal nor the store', async () => {
      const folder = temporaryFolder()
      const url = `file:${join(folder.path, 'store')}`
      const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const env = {
        STORE_URL: url,
        QUEUE_URL: `${host}/hook?token=hunter2secret#secret=whsec_aHVudGVyMnNlY3JldGh1bnRlcjJzZWNyZXQ=`,
        ALERT_URLS: `wecom://hunter2secret?endpoint=${host}`,
        CALLBACK_TOKEN: 'hunter2secret-of-22-characters',
      }
      const store = await openStore(url, CONTEXT)
      await store.park(R1)
      await store.park(alertItem('wecom-unknown', 'r5'))
      for (const args of [
        ['redeliver', '--all'],
        ['redeliver', '--all', '--json'],
        ['list'],
        ['show', R1.id],
      ]) {
        const { out, err } = await outbox(env, ...args)
        expect(out).not.toBe('')
        expect(out + err).not.toMatch(/hunter2secret|aHVudGVyMnNlY3JldGh1/)
      }
      for (const { lastError } of await listAll(store)) expect(lastError).not.toMatch(/hunter2secret/)
      expect((await store.read(R1.id))?.lastError).toMatch(/500/)
      store.close?.()
      folder.remove()
    })
  })
})
