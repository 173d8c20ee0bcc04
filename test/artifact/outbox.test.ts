import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesBelow } from '../support/files-below'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder'
import { callbackXml } from './callbacks'
import { openRelay, type Relay } from './open-relay'
import { buildOutbox, type Outbox } from './run-outbox'

const NOBODY = 'http://127.0.0.1:9/'
/** What a terminal must not be given: ESC, C1 and bidirectional characters, and the ends of lines that it would break. */
const HARMFUL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

let folder: TemporaryFolder
let outbox: Outbox
let relay: Relay | null
beforeAll(() => (outbox = buildOutbox()))
afterAll(() => outbox.remove())
beforeEach(() => {
  folder = temporaryFolder()
  relay = null
})
afterEach(async () => {
  await relay?.kill()
  folder.remove()
})
const env = (): Record<string, string> => ({ STORE_URL: `file:${folder.path}/store` })
const opened = (): Relay => (relay = openRelay({ ...env(), QUEUE_URL: NOBODY }))

test('a store that is not there is no empty outbox', async () => {
  for (const args of [['list'], ['list', '--json'], ['show', 'x'], ['drop', 'x'], ['redeliver', '--all']])
    expect(await outbox.run(env(), ...args)).toEqual({
      code: 1,
      out: '',
      err: `outbox: there is no store at ${folder.path}/store: set STORE_URL to where the function keeps it\n`,
    })
  writeFileSync(join(folder.path, 'store'), '')
  expect((await outbox.run(env(), 'list')).err).toContain('it is no folder')
})

test.each([
  ['an empty token', { CALLBACK_TOKEN: '' }],
  ['a short token', { CALLBACK_TOKEN: 'x' }],
  ['a token that a URL would change', { CALLBACK_TOKEN: 'a b/c' }],
  ['RECONCILE', { RECONCILE: 'media-1250000000/w0123456789abcdef' }],
  ['RECONCILE and a region', { RECONCILE: 'media-1250000000/w0123456789abcdef', COS_REGION: 'ap-guangzhou' }],
])('with %s it works', async (_, more) => {
  await opened().post(callbackXml('i1'))
  const queue = `file:${folder.path}/queue.jsonl`
  const ran = await outbox.run({ ...env(), ...more, QUEUE_URL: queue }, 'redeliver', '--all')
  expect(ran).toMatchObject({ code: 0, err: '' })
  expect(readFileSync(join(folder.path, 'queue.jsonl'), 'utf8').split('\n')).toHaveLength(2)
})

test('a bucket without a region is in that of the function, not in that of the media', async () => {
  const bucket = { STORE_URL: 'cos://relay-1250000000/r', TENCENT_SECRET_ID: 'x', TENCENT_SECRET_KEY: 'x' }
  const lost = await outbox.run({ ...bucket, COS_REGION: 'ap-shanghai' }, 'list')
  expect(lost).toMatchObject({
    code: 2,
    err: expect.stringContaining('STORE_URL: a region is missing') as string,
  })
  const found = await outbox.run({ ...bucket, DEPLOY_REGION: 'xx-nowhere' }, 'list')
  expect(found.err).toMatch(/relay-1250000000\.cos\.xx-nowhere|cannot be reached|ENOTFOUND|EAI_AGAIN/)
})

test('a store that cannot be reached: one sentence, and no secret', async () => {
  const ran = await outbox.run({ STORE_URL: 'redis://u:hunter2secret@127.0.0.1:9/0' }, 'list')
  expect(ran.code).toBe(1)
  expect(ran.err).toMatch(/^outbox: redis: 127\.0\.0\.1:9: [^\n]+\n$/)
  expect(ran.out + ran.err).not.toContain('hunter2secret')
})

test('nothing that stands in the store drives a terminal', async () => {
  const one = opened()
  const evil = '\u001b[2J\u009b31m\u202egpj.exe\u2028\u0085'
  await one.post(callbackXml('i1', `${evil.replaceAll(/[\u001b\u0085]/g, '')}.mp4`))
  await one.post(`<broken>${evil}`)
  for (const path of filesBelow(join(folder.path, 'store', 'outbox'))) {
    const [line = '', ...rest] = readFileSync(path, 'utf8').split('\n')
    writeFileSync(
      path,
      [JSON.stringify({ ...(JSON.parse(line) as object), lastError: evil }), ...rest].join('\n'),
    )
  }
  writeFileSync(join(folder.path, 'store', 'outbox', evil.replaceAll(/[\n/]/g, '')), 'x')
  const all = [await outbox.run(env(), 'list'), await outbox.run(env(), 'list', '--json')]
  const listed = JSON.parse(all[1]!.out) as { id: string | null; status: string; lastError: string }[]
  expect(listed.map(({ status }) => status).sort()).toEqual(['quarantined', 'unreadable', 'waiting'])
  // The same values, only escaped.
  expect(listed[0]!.lastError).toBe(evil)
  for (const { id } of listed.filter((item) => item.id !== null))
    all.push(await outbox.run(env(), 'show', id!), await outbox.run(env(), 'show', id!, '--json'))
  all.push(
    await outbox.run(env(), 'show', evil),
    await outbox.run(env(), 'drop', evil),
    await outbox.run(env(), evil),
  )
  all.push(await outbox.run({ ...env(), QUEUE_URL: NOBODY }, 'redeliver', '--all'))
  all.push(await outbox.run({ STORE_URL: `file:${folder.path}/${evil}` }, 'list'))
  for (const { out, err } of all) expect((out + err).replaceAll('\n', '')).not.toMatch(HARMFUL)
})

test('the body that waits for what is left of it is shown whole, and gone on with', async () => {
  const job = (i: number) => `<JobsDetail><JobId>j${i}</JobId><State>Success</State></JobsDetail>`
  const body = `<Response>${Array.from({ length: 3_000 }, (_, i) => job(i)).join('')}</Response>`
  relay = openRelay({ ...env(), QUEUE_URL: NOBODY }, { remainingMs: { callback: 2_100, sweep: null } })
  expect(await relay.post(body)).toMatchObject({
    status: 200,
    body: { outcome: 'parked', rest: expect.any(Number) as number },
  })
  const listed = JSON.parse((await outbox.run(env(), 'list', '--json')).out) as {
    id: string
    tries: number
  }[]
  const { id } = listed.find((item) => item.id.startsWith('rest-'))!
  const shown = JSON.parse((await outbox.run(env(), 'show', id, '--json')).out) as object
  expect(shown).toMatchObject({ id, parcel: { kind: 'rest' }, body })
  expect((await outbox.run(env(), 'show', id)).out).toContain(`\n${body.slice(0, 200)}`)
  const queue = join(folder.path, 'queue.jsonl')
  const told = await outbox.run({ ...env(), QUEUE_URL: `file:${queue}` }, 'redeliver', id)
  expect(told.out).toMatch(/delivered|no time was left for all of it/)
  expect(readFileSync(queue, 'utf8')).toContain('"id":"j2')
})

const asNobody = process.getuid?.() === 0 ? test : test.skip

asNobody(
  'as a user who may not read or write the folder: one sentence (needs root, to be another user)',
  async () => {
    const other = buildOutbox({ uid: 65_534 })
    try {
      await opened().post(callbackXml('i1'))
      chmodSync(folder.path, 0o755)
      const ran = await other.run(env(), 'list')
      expect(ran.code).toBe(1)
      expect(ran.out).toBe('')
      expect(ran.err).toMatch(
        /^outbox: the store cannot be used: [^\n]+permission denied \(EACCES\)[^\n]+\n$/,
      )
      // Open to read, not to write.
      for (const name of readdirSync(join(folder.path, 'store'), { recursive: true, encoding: 'utf8' }))
        chmodSync(join(folder.path, 'store', name), 0o755)
      chmodSync(join(folder.path, 'store'), 0o755)
      const [item] = JSON.parse((await other.run(env(), 'list', '--json')).out) as { id: string }[]
      const drop = await other.run(env(), 'drop', item!.id)
      expect(drop.code).toBe(1)
      expect(drop.err).toMatch(/^outbox: the store cannot be used: [^\n]+permission denied[^\n]+\n$/)
    } finally {
      other.remove()
    }
  },
)

test('an item that cannot be read can be told from one that is not there, and dropped', async () => {
  await opened().post(callbackXml('i1'))
  const [item = ''] = filesBelow(join(folder.path, 'store', 'outbox'))
  const text = readFileSync(item, 'utf8')
  const { id } = JSON.parse(text.split('\n')[0]!) as { id: string }
  writeFileSync(item, text.slice(0, -30))
  expect((await outbox.run(env(), 'show', id)).err).toBe(`outbox: the item ${id} cannot be read\n`)
  expect((await outbox.run(env(), 'show', 'x')).err).toBe('outbox: no item has the id x\n')
  expect((await outbox.run({ ...env(), QUEUE_URL: NOBODY }, 'redeliver', id)).out).toContain(
    'it cannot be read',
  )
  expect((await outbox.run(env(), 'drop', id)).out).toContain('dropped')
  expect((await outbox.run(env(), 'list')).out).toBe('The outbox is empty.\n')
})
