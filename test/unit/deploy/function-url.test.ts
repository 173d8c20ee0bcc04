import { type CallApi, CloudError } from '../../../tools/deploy/cloud/cloud-api'
import { ensureFunctionUrl } from '../../../tools/deploy/cloud/function-url'
import { untilActive } from '../../../tools/deploy/cloud/functions'

const URL_ = 'https://1250000000-0123456789.ap-guangzhou.tencentscf.com'
const trigger = (url: string) => ({
  Type: 'http',
  TriggerName: 'made-by-the-service',
  Enable: 1,
  TriggerDesc: JSON.stringify({ AuthType: 'NONE', NetConfig: { EnableExtranet: true, ExtranetUrl: url } }),
})

/** Answers each action with the next of its list, and the last one for ever. */
function api(answers: Record<string, (object | CloudError)[]>): { call: CallApi; calls: string[] } {
  const calls: string[] = []
  const call: CallApi = (_service, action) => {
    calls.push(action)
    const list = answers[action] ?? []
    const answer = list.length > 1 ? list.shift()! : list[0]
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ ...answer })
  }
  return { call, calls }
}

test('a function URL that is there is used, whatever its name', async () => {
  const { call, calls } = api({ ListTriggers: [{ Triggers: [trigger(URL_)] }] })
  expect(await ensureFunctionUrl(call, 'f', 1)).toEqual({ address: { kind: 'url', base: URL_ }, made: false })
  expect(new Set(calls)).toEqual(new Set(['ListTriggers']))
})

test('else one is made once the function is active; its address may come late', async () => {
  const { call, calls } = api({
    ListTriggers: [{ Triggers: [] }, { Triggers: [trigger('')] }, { Triggers: [trigger(URL_)] }],
    GetFunction: [{ Status: 'Updating' }, { Status: 'Active' }],
    CreateTrigger: [{}],
  })
  expect(await ensureFunctionUrl(call, 'f', 1)).toEqual({ address: { kind: 'url', base: URL_ }, made: true })
  expect(calls).toEqual([
    'ListTriggers',
    'GetFunction',
    'GetFunction',
    'CreateTrigger',
    'ListTriggers',
    'ListTriggers',
  ])
})

test('somebody else made it in the meantime', async () => {
  const { call } = api({
    ListTriggers: [{ Triggers: [] }, { Triggers: [trigger(URL_)] }],
    GetFunction: [{ Status: 'Active' }],
    CreateTrigger: [new CloudError('ResourceInUse.Trigger', 'there')],
  })
  expect((await ensureFunctionUrl(call, 'f', 1)).address.base).toBe(URL_)
})

test('any other refusal, and an address that never comes, are errors', async () => {
  const refused = api({
    ListTriggers: [{ Triggers: [] }],
    GetFunction: [{ Status: 'Active' }],
    CreateTrigger: [new CloudError('LimitExceeded', 'no')],
  })
  await expect(ensureFunctionUrl(refused.call, 'f', 1)).rejects.toMatchObject({ code: 'LimitExceeded' })
  const late = api({ ListTriggers: [{ Triggers: [trigger('')] }] })
  await expect(ensureFunctionUrl(late.call, 'f', 1)).rejects.toThrow('does not tell its public address')
})

test('waiting for a function that failed, is gone, or takes too long', async () => {
  const waiting = (...answers: (object | CloudError)[]) =>
    untilActive(api({ GetFunction: answers }).call, 'f', 5, 1)
  const reasons = [{ ErrorMessage: 'no such bucket' }]
  await expect(waiting({ Status: 'CreateFailed', StatusReasons: reasons })).rejects.toThrow(
    'f could not be made (no such bucket): put that right, then run `npx serverless deploy` again, which deletes it and makes it anew.',
  )
  await expect(waiting({ Status: 'UpdateFailed' })).rejects.toThrow('f could not be changed: put that right')
  await expect(waiting({ Status: 'Frozen' })).rejects.toThrow(
    "f is Frozen: see the function in SCF's console",
  )
  await expect(waiting(new CloudError('ResourceNotFound.Function', 'gone'))).rejects.toThrow('f is not there')
  await expect(waiting({ Status: 'Updating' })).rejects.toThrow('f is still Updating')
})
