import { toIntegratedResponse } from '../../../src/gateway/response'

test('an integrated response: all four fields, text headers, a JSON body', () => {
  expect(
    toIntegratedResponse({ status: 503, headers: { 'Retry-After': '5' }, body: { error: '中' } }),
  ).toEqual({
    isBase64Encoded: false,
    statusCode: 503,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
      'Retry-After': '5',
    },
    body: '{"error":"中"}',
  })
})
