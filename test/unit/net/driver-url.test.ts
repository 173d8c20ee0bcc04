import fc from '../../support/properties'
import { driverUrl, misspelt } from '../../../src/net/driver-url'

const KNOWN = ['queue', 'exchange', 'routingKey', 'declare']

test.each([
  ['routingkey', 'routingKey'],
  ['quue', 'queue'],
  ['Queues', 'queue'],
  ['exchnage', 'exchange'],
  ['declare', 'declare'],
  ['acks', null],
  ['SECRETpass', null],
  ['queue1', null],
  ['', null],
])('%s was to be %s', (word, meant) => {
  expect(misspelt(word, KNOWN)).toBe(meant)
})

test.each([
  ['amqp://u:p@h/v?queue=q&routingkey=k', 'unknown parameter "routingkey": did you mean routingKey?'],
  ['amqp://u:p@h/v?queue=q&canary', 'unknown parameter (known: queue, exchange, routingKey, declare)'],
  ['amqp://u:20?canary@h/v?queue=q', 'percent-encode'],
  ['amqp://u:20#canary@h/v?queue=q', 'percent-encode'],
  ['amqp://u:20/canary@h/v?queue=q', 'percent-encode'],
  ['amqp://u:canary/x', 'percent-encode'],
])('%s: %s', (url, words) => {
  expect(() => driverUrl(url, 'amqp://host/vhost?queue=NAME', KNOWN)).toThrow(words)
})

test('whatever a password holds, an error repeats none of it', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 8 }), fc.string({ maxLength: 8 }), (before, after) => {
      const url = `amqp://u:${before}CANARY${after}@host/v?queue=q`
      try {
        driverUrl(url, 'amqp://host/vhost?queue=NAME', KNOWN)
      } catch (error) {
        expect(String(error)).not.toContain('CANARY')
      }
    }),
    { numRuns: 2000 },
  )
})
