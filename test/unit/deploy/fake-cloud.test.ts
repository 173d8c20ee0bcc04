import COS from 'cos-nodejs-sdk-v5'
import https from 'node:https'
import { signTc3 } from '../../../src/tencent/tc3'
import { type FakeCloud, startFakeCloud } from '../../support/fake-cloud'
import { type SignedRequest, verifyCos } from '../../support/fake-cloud-signatures'

// The fake is what the deploy's test believes, so it has to refuse what the cloud would refuse.

const account = { secretId: 'AKIDsomebody', secretKey: 'someSecretKey', token: null }
const host = 'b-1250000000.cos.ap-guangzhou.myqcloud.com'

function cosRequest(changes: Partial<SignedRequest> = {}): SignedRequest {
  const authorization = COS.getAuthorization({
    SecretId: account.secretId,
    SecretKey: account.secretKey,
    Method: 'PUT',
    Pathname: '/a b/(c)',
    Query: { uploadId: 'x/y' },
    Headers: { Host: host },
    Expires: 900,
  })
  const url = '/a%20b/%28c%29?uploadId=x%2Fy'
  return { method: 'PUT', host, url, headers: { authorization, host }, body: Buffer.alloc(0), ...changes }
}

test("a signature by COS's own SDK is right", () => {
  expect(() => verifyCos(cosRequest(), account)).not.toThrow()
})

test.each<[string, Partial<SignedRequest>, string]>([
  ['another method', { method: 'GET' }, 'SignatureDoesNotMatch'],
  ['another path', { url: '/other?uploadId=x%2Fy' }, 'SignatureDoesNotMatch'],
  ['another query', { url: '/a%20b/%28c%29?uploadId=z' }, 'SignatureDoesNotMatch'],
  [
    'a query parameter that is not signed',
    { url: '/a%20b/%28c%29?uploadId=x%2Fy&acl=' },
    'SignatureDoesNotMatch',
  ],
  ['no signature', { headers: { host } }, 'AccessDenied'],
])('%s: refused', (_, changes, code) => {
  expect(() => verifyCos(cosRequest(changes), account)).toThrow(code)
})

test('another key, and a token that is missing: refused', () => {
  expect(() => verifyCos(cosRequest(), { ...account, secretKey: 'another' })).toThrow('SignatureDoesNotMatch')
  expect(() => verifyCos(cosRequest(), { ...account, token: 'temporary' })).toThrow('InvalidAccessKeyId')
})

describe('the fake itself', () => {
  let cloud: FakeCloud
  beforeAll(async () => {
    cloud = await startFakeCloud()
  })
  afterAll(() => cloud.stop())

  function ask(name: string, method: string, headers: Record<string, string>, body = ''): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: cloud.env.FAKE_CLOUD_PORT,
        rejectUnauthorized: false,
        agent: false,
      }
      https
        .request({ ...options, method, path: '/', headers: { host: name, ...headers } }, (response) => {
          let text = ''
          response.on('data', (chunk: Buffer) => (text += chunk.toString()))
          response.on('end', () => resolve(text))
        })
        .on('error', reject)
        .end(body)
    })
  }
  const call = (action: string, key = cloud.account.secretKey): Promise<string> => {
    const signed = {
      service: 'scf',
      host: 'scf.tencentcloudapi.com',
      action,
      version: '2018-04-16',
      region: null,
      body: '{}',
    }
    return ask(
      signed.host,
      'POST',
      signTc3(signed, { ...cloud.account, secretKey: key, sessionToken: null }),
      '{}',
    )
  }

  test('writes down a host and an action that it does not know', async () => {
    expect(await call('ListFunctions')).toContain('"TotalCount":0')
    expect(cloud.violations.splice(0)).toEqual([])
    expect(await call('DeleteEverything')).toContain('InvalidAction')
    expect(cloud.violations.splice(0)).toEqual(['unknown action scf:DeleteEverything'])
    await ask('example.org', 'GET', {})
    expect(cloud.violations.splice(0)).toEqual(['unknown host example.org'])
  })

  test('refuses a wrong signature, of the API and of COS', async () => {
    expect(await call('ListFunctions', 'wrong')).toContain('AuthFailure.SignatureFailure')
    const authorization = cosRequest().headers.authorization!.replace(
      account.secretId,
      cloud.account.secretId,
    )
    expect(await ask(host, 'GET', { authorization })).toContain('<Code>SignatureDoesNotMatch</Code>')
    expect(cloud.violations.splice(0)).toEqual(['cos: GET /: SignatureDoesNotMatch'])
  })
})
