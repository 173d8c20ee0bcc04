import { plain } from '../../../tools/local/paint'
import { outcomeOf } from '../../../tools/local/samples'
import { samplesTable } from '../../../tools/local/samples-table'

test('lines up its columns and says what was wanted', () => {
  const table = samplesTable(
    [
      { event: 'url-success', status: 200, outcome: 'queued', where: 'file:q', wanted: null },
      { event: 'a', status: 503, outcome: 'undelivered', where: 'nowhere: refused', wanted: '200 queued' },
      { event: 'timer', status: null, outcome: 'swept', where: '', wanted: null },
    ],
    plain,
  )
  expect(table.split('\n')).toEqual([
    '  event        status  outcome      where it went',
    '✓ url-success  200     queued       file:q',
    '✗ a            503     undelivered  nowhere: refused',
    '    wanted: 200 queued',
    '✓ timer        -       swept',
  ])
})

test.each([
  ['{"outcome":"queued","id":"i"}', 'queued'],
  ['{"outcomes":[{"outcome":"queued"},{"outcome":"alerted"}]}', 'queued, alerted'],
  ['{"error":"unauthorized"}', 'unauthorized'],
  ['{"error":"undelivered","outcome":"undelivered"}', 'undelivered'],
  ['{}', '?'],
  ['<html>', '?'],
])('reads the outcome of %s', (body, outcome) => {
  expect(outcomeOf(body)).toBe(outcome)
})
