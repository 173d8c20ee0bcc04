import { configurationOf, problemsOf } from '../../src/deploy/check-settings'
import type { Serverless } from '../../src/deploy/serverless'

type Service = Serverless['service']

function service(
  variables: Record<string, unknown>,
  changes: { timeout?: unknown; provider?: Partial<Service['provider']>; trigger?: string } = {},
): Service {
  return {
    service: 'relay',
    provider: { memorySize: 128, ...changes.provider },
    custom: { relay: { trigger: changes.trigger ?? 'url' } },
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
  expect(await problemsOf(service(good), 'ap-guangzhou')).toEqual([])
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
  ['an unknown trigger', service(good, { trigger: 'http' }), /^trigger: http; /],
  [
    'more than 4 KB of variables',
    service({ ...good, ALERT_URLS: `file:${'x'.repeat(4096)}` }),
    /^environment of callback: \d+ bytes, SCF takes 4096/,
  ],
])('%s is said before the deploy, with the way out', async (_, settings, words) => {
  const problems = await problemsOf(settings, 'ap-guangzhou')
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(words)
  expect(problems[0]).not.toContain('secretword')
})

test('memory is checked for each function', async () => {
  expect(await problemsOf(service(good, { provider: { memorySize: '100' } }), '')).toEqual([
    expect.stringMatching(/^memory of callback: 100; /),
    expect.stringMatching(/^memory of sweep: 100; /),
  ])
})
