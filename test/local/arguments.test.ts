import { readArguments } from '../../src/local/arguments'

const FLAGS = { json: { type: 'boolean' }, expect: { type: 'string' } } as const

test('reads options and operands in any order', () => {
  expect(readArguments(['a', '--json', '-', '--expect', '400', '--', '--b'], FLAGS)).toEqual({
    values: { json: true, expect: '400' },
    operands: ['a', '-', '--b'],
  })
  expect(readArguments(['--expect=400'], FLAGS).values).toEqual({ expect: '400' })
})

test.each([
  ['--jsn', 'unknown option --jsn; use: --json, --expect'],
  ['-x', 'unknown option -x; use: --json, --expect'],
  ['--__proto__', 'unknown option --__proto__; use: --json, --expect'],
  ['--expect', '--expect needs a value'],
  ['--json=yes', '--json takes no value'],
])('refuses %s', (arg, message) => {
  expect(() => readArguments([arg], FLAGS)).toThrow(message)
})
