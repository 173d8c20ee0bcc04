import { problemsOf } from '../../../tools/deploy/commands/check-settings'
import { configurationOf } from '../../../tools/deploy/variables'
import type { Serverless } from '../../../tools/deploy/serverless'

type Service = Serverless['service']

function service(
  variables: Record<string, unknown>,
  changes: {
    timeout?: unknown
    provider?: Partial<Service['provider']>
    trigger?: string
    concurrency?: string
  } = {},
): Service {
  return {
    service: 'relay',
    provider: { memorySize: 128, runtime: 'Nodejs20.19', ...changes.provider },
    custom: { relay: { trigger: changes.trigger ?? 'url', concurrency: changes.concurrency ?? '' } },
    package: {},
    functions: {
      callback: {
        handler: 'index.main_handler',
        timeout: (changes.timeout ?? 10) as number,
        environment: { variables },
        events: [],
      },
      sweep: { handler: 'index.sweep_handler', timeout: 60, events: [] },
    },
  }
}

const good = { CALLBACK_TOKEN: 'a'.repeat(22), QUEUE_URL: 'file:queue.jsonl', ALERT_URLS: '', RECONCILE: '' }

test('what is set suffices: empty settings are as if they were not there', async () => {
  expect(await problemsOf(service(good), 'dev', 'ap-guangzhou')).toEqual([])
  expect(configurationOf(service(good))).toEqual({
    CALLBACK_TOKEN: good.CALLBACK_TOKEN,
    QUEUE_URL: good.QUEUE_URL,
  })
})

test.each([
  ['no token', service({ ...good, CALLBACK_TOKEN: '' }), /^CALLBACK_TOKEN: not set; /],
  [
    'a short token',
    service({ ...good, CALLBACK_TOKEN: 'short' }),
    /^CALLBACK_TOKEN: the token has 5 characters/,
  ],
  [
    'the second of two tokens',
    service({ ...good, CALLBACK_TOKEN: `${'a'.repeat(22)},b` }),
    /^CALLBACK_TOKEN: token 2 has 1 /,
  ],
  ['no target', service({ ...good, QUEUE_URL: '' }), /^QUEUE_URL, ALERT_URLS: neither is set/],
  [
    'an unknown scheme',
    service({ ...good, QUEUE_URL: 'pigeon://a:secretword@b' }),
    /^QUEUE_URL: no queue has this scheme/,
  ],
  [
    'a timeout no longer than the handler takes',
    service(good, { timeout: '4' }),
    /^timeout of callback: 4; /,
  ],
  ['a timeout that is no number', service(good, { timeout: 'long' }), /^timeout of callback: long; /],
  [
    'half a VPC',
    service(good, { provider: { vpcConfig: { vpcId: 'vpc-1', subnetId: '' } } }),
    /^vpcId, subnetId: /,
  ],
  [
    'read-back without a role',
    service({ ...good, VERIFY: 'read-back' }),
    /^role: none, but VERIFY=read-back needs one: `npx serverless callback role`/,
  ],
  [
    'a store in COS without a role',
    service({ ...good, STORE_URL: 'cos://relay-1250000000/outbox' }),
    /^role: none, but STORE_URL \(cos:\) needs one/,
  ],
  [
    'a queue of CMQ without a role',
    service({ ...good, QUEUE_URL: 'cmq://media?region=gz' }),
    /^role: none, but QUEUE_URL \(cmq:\) needs one/,
  ],
  ['an old runtime', service(good, { provider: { runtime: 'Nodejs16.13' } }), /^runtime: Nodejs16.13; /],
  ['no whole number at once', service(good, { concurrency: '1.5' }), /^concurrency: 1.5; /],
  ['an unknown trigger', service(good, { trigger: 'http' }), /^trigger: http; /],
  [
    'more than 4 KB of variables',
    service({ ...good, ALERT_URLS: `file:${'x'.repeat(4096)}` }),
    /^environment of callback: \d+ bytes, SCF takes 4096/,
  ],
])('%s is said before the deploy, with the way out', async (_, settings, words) => {
  const problems = await problemsOf(settings, 'dev', 'ap-guangzhou')
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(words)
  expect(problems[0]).not.toContain('secretword')
})

test('memory is checked for each function', async () => {
  expect(await problemsOf(service(good, { provider: { memorySize: '100' } }), 'dev', 'ap-guangzhou')).toEqual(
    [expect.stringMatching(/^memory of callback: 100; /), expect.stringMatching(/^memory of sweep: 100; /)],
  )
})
