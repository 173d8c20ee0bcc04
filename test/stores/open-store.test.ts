import { openStore, STORE_SCHEMES } from '../../src/stores/open-store'

const CONTEXT = { credentials: () => null, region: null }

test('opens a driver by its scheme', async () => {
  const store = await openStore('memory:', CONTEXT)
  expect(store.scheme).toBe('memory')
  await store.close()
})

test.each([
  '',
  'redis',
  'postgres://user:secret@host/db',
  '__proto__:',
  'constructor:',
  'MEMORY:',
  ' memory:',
])('refuses %j, names the schemes that it knows and repeats nothing of the URL', async (url) => {
  await expect(openStore(url, CONTEXT)).rejects.toThrow(
    /^no store has this scheme; known: memory:, file:, redis:, rediss:, cos:$/,
  )
})

test('lists its schemes', () => {
  expect(STORE_SCHEMES).toEqual(['memory', 'file', 'redis', 'rediss', 'cos'])
})

test('refuses a file store without a folder', async () => {
  await expect(openStore('file:', CONTEXT)).rejects.toThrow('a file store needs a folder: file:DIR')
})
