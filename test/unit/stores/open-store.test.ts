import { existsSync } from 'node:fs'
import { temporaryFolder } from '../../support/temporary-folder'
import { openStore } from '../../../src/stores/open-store'

const CONTEXT = { credentials: () => null, region: null }

test('opens a driver by its scheme', async () => {
  const store = await openStore('memory:', CONTEXT)
  expect(store.scheme).toBe('memory')
  store.close?.()
})

test.each(['', 'redis', 'postgres://user:secret@host/db', '__proto__:', 'constructor:', ' memory:'])(
  'refuses %j, names the schemes that it knows and repeats nothing of the URL',
  async (url) => {
    await expect(openStore(url, CONTEXT)).rejects.toThrow(
      /^no store has this scheme; known: memory, file, redis, rediss, cos$/,
    )
  },
)

test('refuses a file store without a folder', async () => {
  await expect(openStore('file:', CONTEXT)).rejects.toThrow(
    'the URL must look like file:PATH, for instance file:store or file:/var/lib/relay/store',
  )
})

test.each([
  ['redis://127.0.0.1:1/0', 'redis'],
  ['rediss://127.0.0.1:1/0?prefix=p:', 'rediss'],
  ['cos://media-1250000000/relay?region=ap-guangzhou', 'cos'],
  ['file:nowhere/store', 'file'],
])('opens %s without touching its medium', async (url, scheme) => {
  const store = await openStore(url, CONTEXT)
  expect(store.scheme).toBe(scheme)
  store.close?.()
  expect(existsSync('nowhere')).toBe(false)
})

test('a folder may be written with a slash at its end, and as a whole URL', async () => {
  const folder = temporaryFolder()
  const stores = await Promise.all(
    [`file:${folder.path}/a store`, `file:${folder.path}/a%20store/`, `file://${folder.path}/a%20store`].map(
      async (url) => openStore(url, CONTEXT),
    ),
  )
  await stores[0]!.setNote('n', 'x', null)
  for (const store of stores) expect(await store.note('n')).toBe('x')
  folder.remove()
})
