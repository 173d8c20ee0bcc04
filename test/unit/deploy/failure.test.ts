import { explain } from '../../../tools/deploy/failure'

test.each<[string, unknown, RegExp]>([
  [
    'the SDK refused',
    { code: 'AuthFailure.SecretIdNotFound', message: 'no' },
    /^Tencent Cloud refused the credentials \(AuthFailure\.SecretIdNotFound\)/,
  ],
  [
    'COS refused',
    { error: { Code: 'InvalidAccessKeyId', Message: 'no' } },
    /^Tencent Cloud refused the credentials \(InvalidAccessKeyId\)/,
  ],
  [
    'a permission is missing',
    { code: 'UnauthorizedOperation.CAM', message: 'need scf:CreateFunction' },
    /may not do this .*need scf:CreateFunction/,
  ],
  [
    'CI refused, in words',
    new Error('ci: b-1: workflow: answered 403 AccessDenied Access Denied.'),
    /may not do this \(AccessDenied\)/,
  ],
  [
    'no network, in words',
    new Error('request to https://scf… failed, reason: getaddrinfo ENOTFOUND scf.tencentcloudapi.com'),
    /^Tencent Cloud cannot be reached/,
  ],
  ['a plain string', 'Function x create/update failed', /^Function x create\/update failed$/],
  ['anything else', { code: 'LimitExceeded', message: 'too many' }, /^too many \(LimitExceeded\)$/],
  ['nothing', null, /^null$/],
])('%s', (_, error, words) => {
  expect(explain(error)).toMatch(words)
})
