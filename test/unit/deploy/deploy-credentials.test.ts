import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deployCredentials } from '../../../tools/deploy/cloud/deploy-credentials'

const folder = mkdtempSync(join(tmpdir(), 'credentials-'))
const file = join(folder, 'credentials')
afterAll(() => rmSync(folder, { recursive: true }))

const environment = { TENCENT_SECRET_ID: 'AKIDenvironment', TENCENT_SECRET_KEY: 'keyFromEnvironment' }

test('the environment comes first, with a token for temporary keys', () => {
  writeFileSync(file, '[default]\ntencent_secret_id=AKIDfromFile\ntencent_secret_key=keyFromTheFile\n')
  expect(deployCredentials(environment, file)).toEqual({
    secretId: 'AKIDenvironment',
    secretKey: 'keyFromEnvironment',
    sessionToken: null,
  })
  expect(deployCredentials({ ...environment, TENCENT_TOKEN: 't' }, file).sessionToken).toBe('t')
})

test('then the file, its default section', () => {
  writeFileSync(
    file,
    '; mine\r\n[other]\r\ntencent_secret_id=no\r\n[default]\r\ntencent_secret_id = AKIDfromFile\r\ntencent_secret_key = "key=FromFile"\r\n',
  )
  expect(deployCredentials({}, file)).toEqual({
    secretId: 'AKIDfromFile',
    secretKey: 'key=FromFile',
    sessionToken: null,
  })
})

test.each([
  [{ TENCENT_SECRET_ID: 'AKID…', TENCENT_SECRET_KEY: 'x'.repeat(32) }, 'TENCENT_SECRET_ID is no API key'],
  [
    { TENCENT_SECRET_ID: 'your-secret-id', TENCENT_SECRET_KEY: 'x'.repeat(32) },
    'TENCENT_SECRET_ID is no API key',
  ],
  [{ TENCENT_SECRET_ID: 'AKIDenvironment', TENCENT_SECRET_KEY: '…' }, 'TENCENT_SECRET_KEY is no API key'],
])('a placeholder that nobody has replaced: %j', (env, words) => {
  expect(() => deployCredentials(env, file)).toThrow(words)
})

test('the names that other tools take are told of', () => {
  expect(() => deployCredentials({ TENCENTCLOUD_SECRET_ID: 'AKIDother' }, '/nowhere')).toThrow(
    'TENCENTCLOUD_SECRET_ID, which other tools take, is not read here.',
  )
})

test('half of a pair is an error, not a reason to look elsewhere', () => {
  expect(() => deployCredentials({ TENCENT_SECRET_ID: 'AKIDenv' }, file)).toThrow(
    'TENCENT_SECRET_ID is set but TENCENT_SECRET_KEY is not: set both.',
  )
  expect(() => deployCredentials({ TENCENT_SECRET_KEY: 'secretword' }, file)).toThrow(
    /^TENCENT_SECRET_KEY is set but/,
  )
})

test('a file without keys, and no file', () => {
  writeFileSync(file, '[default]\ntencent_secret_id=AKIDfile\n')
  expect(() => deployCredentials({}, file)).toThrow(
    `${file} is not an INI file with [default], tencent_secret_id and tencent_secret_key.`,
  )
  expect(() => deployCredentials({}, join(folder, 'none'))).toThrow(
    /^No Tencent Cloud credentials: set TENCENT_SECRET_ID and TENCENT_SECRET_KEY/,
  )
})
