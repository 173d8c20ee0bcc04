import { nextSweep, whenIs } from '../../../tools/outbox/next-sweep'
import { brokenStore, memoryStore } from '../../support/parts'

const NOW = Date.UTC(2026, 0, 5, 8)
const MINUTE = 60_000

test.each<[what: string, note: string | null, said: string]>([
  ['none', null, 'no sweep is recorded: is the timer on?'],
  ['a store that was never swept', `+${NOW - MINUTE}`, 'no sweep is recorded: is the timer on?'],
  ['one that is odd', 'x\u001b[2J', 'no sweep is recorded: is the timer on?'],
  [
    'one a minute old',
    String(NOW - MINUTE),
    'the last sweep was at 2026-01-05T07:59:00Z; with the timer of five minutes the next is due by 2026-01-05T08:04:00Z',
  ],
  [
    'one 15 minutes old',
    String(NOW - 15 * MINUTE),
    'the last sweep was at 2026-01-05T07:45:00Z; with the timer of five minutes the next was due by 2026-01-05T07:50:00Z: it may be under way',
  ],
  [
    'one older than that',
    String(NOW - 15 * MINUTE - 1),
    'the last sweep was at 2026-01-05T07:44:59Z: is the timer on?',
  ],
  [
    'one far ahead',
    String(NOW + 60 * MINUTE),
    'the last sweep was at 2026-01-05T09:00:00Z: is the timer on?',
  ],
])('a note: %s', (_, note, said) => expect(whenIs(note, NOW)).toBe(said))

test('a store that does not say it: nothing', async () => {
  const store = memoryStore()
  await store.setNote('last-sweep', String(Date.now()), null)
  expect(await nextSweep(store)).toMatch(/^ \(the last sweep was at 20.*; with the timer .*Z\)$/)
  expect(await nextSweep(brokenStore(store, ['note'], 'refuses'))).toBe('')
})
