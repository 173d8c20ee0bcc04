import fc from '../../support/properties'
import { toGatewayRequest } from '../../../src/gateway/request'

const apigw = {
  requestContext: {
    serviceId: 'service-f94sy04v',
    path: '/test/{path}',
    httpMethod: 'POST',
    requestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
    identity: { secretId: 'abdcdxxxxxxxsdfs' },
    sourceIp: '10.0.2.14',
    stage: 'release',
  },
  headers: {
    'Accept-Language': 'en-US,en,cn',
    Host: 'service-3ei3tii4-251000691.ap-guangzhou.apigateway.myqcloud.com',
  },
  body: '<Response/>',
  pathParameters: { path: 'value' },
  queryStringParameters: { token: 'configured' },
  headerParameters: { Refer: '10.0.2.14' },
  stageVariables: { stage: 'release' },
  path: '/test/value',
  queryString: { token: 'whole', foo: 'bar', list: ['a', 'b'] },
  httpMethod: 'POST',
}

const functionUrl = {
  body: '<Response/>',
  headers: { 'x-scf-remote-addr': '192.0.2.7', 'x-scf-request-id': 'req-header', 'content-type': 'text/xml' },
  httpMethod: 'post',
  path: '/a/b',
  queryString: 'token=t%2B1&x=1&token=two',
}

test('an API Gateway event', () => {
  expect(toGatewayRequest(apigw, 'from-context')).toEqual({
    method: 'POST',
    path: '/test/value',
    query: [
      ['token', 'whole'],
      ['foo', 'bar'],
      ['list', 'a'],
      ['list', 'b'],
      ['token', 'configured'],
    ],
    body: '<Response/>',
    base64: null,
    requestId: 'from-context',
    sourceIp: '10.0.2.14',
  })
})

test('a function-URL event', () => {
  expect(toGatewayRequest(functionUrl, null)).toEqual({
    method: 'POST',
    path: '/a/b',
    query: [
      ['token', 't+1'],
      ['x', '1'],
      ['token', 'two'],
    ],
    body: '<Response/>',
    base64: null,
    requestId: 'req-header',
    sourceIp: '192.0.2.7',
  })
})

test('a client’s own headers stand in for nothing on API Gateway', () => {
  const headers = {
    'X-SCF-Remote-Addr': '6.6.6.6',
    'x-scf-request-id': 'forged',
    'x-forwarded-for': '6.6.6.6',
  }
  expect(toGatewayRequest({ ...apigw, headers }, null)).toMatchObject({
    sourceIp: '10.0.2.14',
    requestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
  })
  const requestContext = { stage: 'release', identity: { sourceIp: '10.0.2.15' } }
  expect(toGatewayRequest({ requestContext, headers }, null)).toMatchObject({
    sourceIp: '10.0.2.15',
    requestId: null,
  })
  expect(toGatewayRequest({ requestContext: { serviceId: 's' }, headers }, null).sourceIp).toBeNull()
})

test('before a function URL the platform writes the client’s address, which counts before the context’s', () => {
  const requestContext = { sourceIp: '10.0.0.1' }
  expect(toGatewayRequest({ ...functionUrl, requestContext }, null).sourceIp).toBe('192.0.2.7')
  expect(toGatewayRequest({ requestContext }, null).sourceIp).toBe('10.0.0.1')
})

test('header names count in any case', () => {
  const headers = { 'X-SCF-Remote-Addr': '192.0.2.7', 'X-Scf-Request-Id': 'r' }
  expect(toGatewayRequest({ ...functionUrl, headers }, null)).toMatchObject({
    sourceIp: '192.0.2.7',
    requestId: 'r',
  })
})

test('the request’s id: the context’s, else the gateway’s, else the platform’s header', () => {
  const event = { requestContext: { requestId: 'gateway' }, headers: { 'x-scf-request-id': 'header' } }
  expect(toGatewayRequest(event, 'context').requestId).toBe('context')
  expect(toGatewayRequest(event, null).requestId).toBe('gateway')
  expect(toGatewayRequest({ headers: event.headers }, null).requestId).toBe('header')
  expect(toGatewayRequest({}, null).requestId).toBeNull()
})

test.each([
  [true, true],
  ['true', true],
  [false, false],
  ['false', false],
  [undefined, null],
  [null, null],
  ['yes', null],
  [1, null],
])('isBase64Encoded %p: %p', (flag, base64) => {
  expect(toGatewayRequest({ ...apigw, isBase64Encoded: flag }, null).base64).toBe(base64)
})

test('method and path: the request’s own, else the context’s', () => {
  const requestContext = { httpMethod: 'get', path: '/context' }
  expect(toGatewayRequest({ requestContext }, null)).toMatchObject({ method: 'GET', path: '/context' })
  expect(toGatewayRequest({ requestContext, httpMethod: 'PUT', path: '/own?token=x' }, null)).toMatchObject({
    method: 'PUT',
    path: '/own',
    query: [],
  })
})

test('a query in any of the forms in which triggers bring it', () => {
  const queryOf = (queryString: unknown) => toGatewayRequest({ queryString }, null).query
  expect(queryOf('?token=a')).toEqual([['token', 'a']])
  expect(queryOf('token')).toEqual([['token', '']])
  expect(queryOf('')).toEqual([])
  expect(queryOf({ token: ['a', 1, null, 'b'], n: 7, o: {} })).toEqual([
    ['token', 'a'],
    ['token', 'b'],
  ])
  expect(queryOf(JSON.parse('{"__proto__":"x","token":"t"}'))).toEqual([
    ['__proto__', 'x'],
    ['token', 't'],
  ])
  for (const odd of [null, 7, true, [], undefined]) expect(queryOf(odd)).toEqual([])
})

const EMPTY = { method: '', path: '', query: [], body: '', base64: null, requestId: null, sourceIp: null }

test.each([
  null,
  undefined,
  7,
  'text',
  true,
  [],
  {},
  { Type: 'Timer', TriggerName: 't' },
  { httpMethod: 5, path: {}, body: 7, headers: 'x', queryString: 3, requestContext: [] },
])('%j is an empty request', (event) => {
  expect(toGatewayRequest(event, null)).toEqual(EMPTY)
})

test.each([{ a: { b: ['中', 7, null] } }, ['x']])(
  'a body that the trigger has parsed is read as JSON: %j',
  (body) => {
    for (const isBase64Encoded of [undefined, false, true])
      expect(toGatewayRequest({ body, isBase64Encoded }, null)).toMatchObject({
        body: JSON.stringify(body),
        base64: false,
      })
  },
)

test('whatever comes, it is a request', () => {
  const names = [
    'httpMethod',
    'path',
    'headers',
    'body',
    'queryString',
    'queryStringParameters',
    'isBase64Encoded',
    'requestContext',
  ]
  const event = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...names), fc.jsonValue()))
  fc.assert(
    fc.property(event, (any) => {
      const request = toGatewayRequest(any, null)
      expect(Object.keys(request)).toEqual(Object.keys(EMPTY))
      for (const text of [request.method, request.path, request.body]) expect(typeof text).toBe('string')
      for (const pair of request.query) expect(pair.map((text) => typeof text)).toEqual(['string', 'string'])
    }),
    { numRuns: 500 },
  )
})
