import { readLogLine, shownRecord } from '../../../tools/local/log-line'
import { type Paint, paintFor, plain } from '../../../tools/local/paint'

const shown = (record: object, paint: Paint = plain): string => {
  const read = readLogLine(JSON.stringify({ time: Date.UTC(2026, 0, 1), ...record }))
  return read === null ? 'no record' : shownRecord(read, paint).replace(/^\d\d:\d\d:\d\d /, '')
}

test.each([
  [
    'an execution',
    {
      level: 30,
      msg: 'callback',
      status: 200,
      outcome: 'queued',
      kind: 'workflow',
      id: 'i1',
      bucket: 'b-1',
      object: '课/a.mp4',
      state: 'Success',
      ms: { total: 4.2 },
    },
    '200 queued        Success  b-1/课/a.mp4  run i1 4.2 ms',
  ],
  [
    'several jobs',
    {
      level: 30,
      msg: 'callback',
      status: 200,
      outcomes: [
        { outcome: 'queued', kind: 'job', id: 'j1' },
        { outcome: 'alerted', kind: 'job', id: 'j2' },
      ],
      ms: { total: 1 },
    },
    '200 queued        job j1 | alerted       job j2 1 ms',
  ],
  [
    'a body nobody can read',
    { level: 40, msg: 'callback', status: 400, outcome: 'unreadable', error: 'doctype' },
    '400 unreadable    doctype',
  ],
  ['a stranger', { level: 40, msg: 'callback', status: 401 }, '401 unauthorized'],
  ['a look', { level: 30, msg: 'callback', status: 200 }, '200 looked at'],
  [
    'a warning',
    {
      level: 40,
      msg: 'a delivery failed: parked',
      to: 'amqp',
      error: 'connect ECONNREFUSED',
      tries: 1,
      none: null,
    },
    'warn a delivery failed: parked to=amqp error="connect ECONNREFUSED" tries=1',
  ],
  [
    'a fault',
    { level: 50, msg: 'a fault', stack: 'Error: x\n  at y' },
    'error a fault\n    Error: x\n      at y',
  ],
  ['the worst', { level: 60, msg: 'not serving', problems: ['A: b'] }, 'fatal not serving problems=["A: b"]'],
  ['a detail', { level: 20, msg: 'm' }, 'debug m'],
])('shows %s in one line', (_what, record, text) => {
  expect(shown(record).trimEnd()).toBe(text)
})

test.each(['', 'Workflow failed', '{', '{}', '{"level":30}', '{"level":"info","time":1,"msg":"x"}', '[1]'])(
  '%j is no record',
  (line) => {
    expect(readLogLine(line)).toBeNull()
  },
)

test('colours are for terminals, and for those who want them', () => {
  const terminal = { isTTY: true }
  expect(paintFor(terminal, {})('red', 'x')).toBe('\u001b[31mx\u001b[39m')
  for (const paint of [
    paintFor({}, {}),
    paintFor(terminal, { NO_COLOR: '1' }),
    paintFor(terminal, { TERM: 'dumb' }),
  ])
    expect(paint('red', 'x')).toBe('x')
  expect(shown({ level: 30, msg: 'callback', status: 503 }, paintFor(terminal, {}))).toContain(
    '\u001b[31m503',
  )
})
