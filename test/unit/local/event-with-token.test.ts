import { eventWithToken } from '../../../tools/local/event-with-token'

test.each([
  ['the path', { path: '/a/local' }, { path: '/a/TOKEN' }],
  ['a query as text', { path: '/', queryString: 'token=local' }, { path: '/', queryString: 'token=TOKEN' }],
  [
    'a query as an object',
    { path: '/', queryString: { token: 'local', a: 'b' } },
    { path: '/', queryString: { token: 'TOKEN', a: 'b' } },
  ],
  ['another token', { path: '/not-the-token' }, { path: '/not-the-token' }],
])('%s', (_, event, changed) => {
  expect(JSON.parse(eventWithToken(JSON.stringify(event), 'TOKEN'))).toEqual(changed)
})

test('what is no event comes back as it is', () => {
  expect(eventWithToken('<Response/>', 'TOKEN')).toBe('<Response/>')
  expect(eventWithToken('null', 'TOKEN')).toBe('null')
})
