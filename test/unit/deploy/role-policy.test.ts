import { readFileSync } from 'node:fs'
import { statementsFor } from '../../../tools/deploy/cloud/role-policy'

const whose = {
  appId: '1250000000',
  uin: '100000000001',
  region: 'ap-guangzhou',
  mediaRegion: 'ap-guangzhou',
  buckets: [],
}

test('settings that sign nothing need nothing', () => {
  expect(statementsFor({ QUEUE_URL: 'https://x', STORE_URL: 'redis://x' }, whose)).toEqual([])
})

test('each part has what it needs, and no more; docs/security.md shows the same', () => {
  const security = readFileSync('docs/security.md', 'utf8')
  const statements = statementsFor(
    { STORE_URL: 'cos://relay-1250000000/outbox', QUEUE_URL: 'cmq://media-events?region=gz' },
    { ...whose, buckets: ['media-1250000000'] },
  )
  expect(statements.map(({ resource }) => resource)).toEqual([
    ['qcs::ci:ap-guangzhou:uid/1250000000:bucket/media-1250000000/*'],
    ['qcs::cos:ap-guangzhou:uid/1250000000:relay-1250000000/outbox/*'],
    ['qcs::cos:ap-guangzhou:uid/1250000000:relay-1250000000/*'],
    ['qcs::cmqqueue:gz:uin/100000000001:queueName/uin/100000000001/media-events'],
  ])
  for (const { action, resource } of statements)
    for (const word of [...action, ...resource]) expect(security).toContain(`"${word}"`)
})

test('the region is that of the store, where its URL says one; a prefix may have any letters', () => {
  const [objects] = statementsFor({ STORE_URL: 'cos://relay-1250000000/a%20b/?region=ap-shanghai' }, whose)
  expect(objects!.resource).toEqual(['qcs::cos:ap-shanghai:uid/1250000000:relay-1250000000/a b/*'])
})

test('a store and a queue without a region are in that of the function, wherever the media are', () => {
  const statements = statementsFor(
    { STORE_URL: 'cos://relay-1250000000/outbox', QUEUE_URL: 'cmq://media-events' },
    { ...whose, region: 'ap-beijing', mediaRegion: 'ap-shanghai', buckets: ['media-1250000000'] },
  )
  expect(statements.map(({ resource }) => resource[0])).toEqual([
    'qcs::ci:ap-shanghai:uid/1250000000:bucket/media-1250000000/*',
    'qcs::cos:ap-beijing:uid/1250000000:relay-1250000000/outbox/*',
    'qcs::cos:ap-beijing:uid/1250000000:relay-1250000000/*',
    'qcs::cmqqueue:bj:uin/100000000001:queueName/uin/100000000001/media-events',
  ])
})

test("the short name of a queue's region, whichever was given", () => {
  const [send] = statementsFor({ QUEUE_URL: 'cmq://q?region=ap-guangzhou' }, whose)
  expect(send!.resource).toEqual(['qcs::cmqqueue:gz:uin/100000000001:queueName/uin/100000000001/q'])
})
