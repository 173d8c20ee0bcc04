import {
  apiGatewayEvent,
  functionUrlEvent,
  isForApiGateway,
  type RawRequest,
} from '../../../tools/local/event-from-request'

const request = (over: Partial<RawRequest> = {}): RawRequest => ({
  method: 'POST',
  target: '/cos/secret?token=a&x=1&x=2&name=%E4%B8%AD',
  rawHeaders: [
    'Content-Type',
    'application/xml',
    'X-Scf-Remote-Addr',
    '6.6.6.6',
    'Accept',
    'a',
    'Accept',
    'b',
  ],
  body: Buffer.from('<Response>中</Response>'),
  sourceIp: '127.0.0.1',
  ...over,
})

test('makes a function-URL event: lower-case names, the query as text, the address by the platform', () => {
  expect(functionUrlEvent(request())).toEqual({
    body: '<Response>中</Response>',
    headers: { 'content-type': 'application/xml', accept: 'a, b', 'x-scf-remote-addr': '127.0.0.1' },
    httpMethod: 'POST',
    path: '/cos/secret',
    queryString: 'token=a&x=1&x=2&name=%E4%B8%AD',
    requestContext: { sourceIp: '127.0.0.1' },
  })
})

test('makes an API Gateway event: names as sent, the query as an object, the stage and the request id', () => {
  expect(apiGatewayEvent(request({ target: `/apigw${request().target}` }), 'r-1')).toEqual({
    requestContext: {
      serviceId: 'service-local',
      path: '/cos',
      httpMethod: 'POST',
      requestId: 'r-1',
      identity: {},
      sourceIp: '127.0.0.1',
      stage: 'release',
    },
    headers: { 'Content-Type': 'application/xml', 'X-Scf-Remote-Addr': '6.6.6.6', Accept: 'a, b' },
    body: '<Response>中</Response>',
    isBase64Encoded: false,
    pathParameters: {},
    queryStringParameters: {},
    headerParameters: {},
    stageVariables: { stage: 'release' },
    path: '/cos/secret',
    queryString: { token: 'a', x: ['1', '2'], name: '中' },
    httpMethod: 'POST',
  })
})

test.each([
  ['bytes that are no UTF-8', { body: Buffer.from([0xff, 0xd8]) }, '/9g='],
  [
    'octets by their own word',
    { body: Buffer.from('<a/>'), rawHeaders: ['content-TYPE', 'Application/Octet-Stream'] },
    'PGEvPg==',
  ],
])('encodes %s', (_what, over, base64) => {
  for (const event of [functionUrlEvent(request(over)), apiGatewayEvent(request(over), 'r')])
    expect(event).toMatchObject({ body: base64, isBase64Encoded: true })
})

test('has no body where none was sent', () => {
  const empty = request({
    method: 'GET',
    body: Buffer.alloc(0),
    rawHeaders: ['content-type', 'application/octet-stream'],
  })
  expect(functionUrlEvent(empty)).not.toHaveProperty('body')
  expect(apiGatewayEvent(empty, 'r')).toMatchObject({ body: '', isBase64Encoded: false })
})

test.each([
  ['/apigw', true],
  ['/apigw/local', true],
  ['/apigw?token=local', true],
  ['/apigwx/local', false],
  ['/x/apigw/local', false],
])('%s is for the API gateway: %s', (target, answer) => {
  expect(isForApiGateway(target)).toBe(answer)
})

test('an API Gateway path is never empty', () => {
  expect(apiGatewayEvent(request({ target: '/apigw?token=local' }), 'r')).toMatchObject({
    path: '/',
    requestContext: { path: '/' },
  })
})
