import fc from '../../support/properties'
import { readJson } from '../../../src/callback/json'

describe('JSON that cannot be read is refused, with the character at fault', () => {
  test.each([
    ['{"a":tru}', 'fault at character 9'],
    ['{"a":}', 'fault at character 6'],
    ['{abc}', 'fault at character 2'],
    ['{"a" 1}', 'fault at character 6'],
    ['{"a":1,}', 'fault at character 8'],
    ['{"a":1}x', 'fault at character 8'],
    ['{"a":1}{"a":1}', 'fault at character 8'],
    ['{"a":"\u0001"}', 'fault at character 7'],
    ['{"a":"\\q"}', 'fault at character 8'],
    ['{"a":01}', 'fault at character 7'],
    ['{"a":007}', 'fault at character 7'],
    ["{'a':1}", 'fault at character 2'],
    ['{"a":NaN}', 'fault at character 6'],
    ['{', 'it ends too early'],
    ['{"a', 'it ends too early'],
    ['{"a":', 'it ends too early'],
    ['{"a":tru', 'it ends too early'],
    ['{"a":"x', 'it ends too early'],
    ['{"a":"\\', 'it ends too early'],
    ['{"a":"\\u00', 'it ends too early'],
    ['{"a":1e', 'it ends too early'],
    ['{"a":1', 'it ends too early'],
    ['{"a":[{}', 'it ends too early'],
    ['', 'it ends too early'],
    ['{"a":1 2}', 'fault at character 8'],
    ['{"a":[1,]}', 'fault at character 9'],
    ['{"a":[,1]}', 'fault at character 7'],
    ['{,}', 'fault at character 2'],
    ['{"a"::1}', 'fault at character 6'],
    ['{"a":1;}', 'fault at character 7'],
    ['{"a":[1}', 'fault at character 8'],
    ['{"a":1]', 'fault at character 7'],
    ['{a:1}', 'fault at character 2'],
    ['{1:1}', 'fault at character 2'],
    ['{"a":truth}', 'fault at character 9'],
    ['{"a":truex}', 'fault at character 10'],
    ['{"a":TRUE}', 'fault at character 6'],
    ['{"a":nul}', 'fault at character 9'],
    ['{"a":-}', 'fault at character 7'],
    ['{"a":+1}', 'fault at character 6'],
    ['{"a":.5}', 'fault at character 6'],
    ['{"a":1.}', 'fault at character 8'],
    ['{"a":1.e5}', 'fault at character 8'],
    ['{"a":1e+}', 'fault at character 9'],
    ['{"a":-01}', 'fault at character 8'],
    ['{"a":0x1}', 'fault at character 7'],
    ['{"a":1_0}', 'fault at character 7'],
    ['{"a":Infinity}', 'fault at character 6'],
    ['{"a":"\t"}', 'fault at character 7'],
    ['{"a":"b\n"}', 'fault at character 8'],
    ['{"a":"\\u12g4"}', 'fault at character 11'],
    ['{"a":"\\u"}', 'fault at character 9'],
    ['{"a":"\\x41"}', 'fault at character 8'],
    ['{"a":"\\\\\\q"}', 'fault at character 10'],
    ['{"a\\q":1}', 'fault at character 5'],
    ['{"a":1}\u00a0', 'fault at character 8'],
    ['{"a":1}\ufeff', 'fault at character 8'],
    ['{"a":1}//', 'fault at character 8'],
    ['{/**/"a":1}', 'fault at character 2'],
  ])('%s', (text, where) => {
    expect(() => readJson(text)).toThrow(
      expect.objectContaining({ code: 'malformed-json', message: `The JSON cannot be read: ${where}.` }),
    )
  })

  test('in a long text', () => {
    const long = `{"a":[${'{"secret":"s3cr3t"},'.repeat(100_000)}tru]}`
    expect(() => readJson(long)).toThrow(`The JSON cannot be read: fault at character ${long.length - 1}.`)
  })
})

test('a list, a text and a number are no callback', () => {
  for (const text of ['[]', '[{}]', '"a"', '1', 'null'])
    expect(() => readJson(text)).toThrow(
      expect.objectContaining({ code: 'malformed-json', message: 'The JSON is not an object.' }),
    )
})

describe('nesting', () => {
  const objects = (levels: number): string => '{"a":'.repeat(levels - 1) + '{}' + '}'.repeat(levels - 1)
  const lists = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`

  test('64 deep is read', () => {
    expect(JSON.stringify(readJson(objects(64)))).toBe(objects(64))
    expect(JSON.stringify(readJson(lists(64)))).toBe(lists(64))
  })

  test.each([65, 1_000, 200_000])('%d deep is refused', (levels) => {
    for (const text of [objects(levels), lists(levels)])
      expect(() => readJson(text)).toThrow(
        expect.objectContaining({
          code: 'too-deep',
          message: 'The JSON cannot be read: nested deeper than 64.',
        }),
      )
  })
})

describe('what is read', () => {
  test('texts with any escape', () => {
    const texts = ['', '"', '\\', '\\\\"', '\b\f\n\r\t/', '\u0000\u001f\u007f', '中😀', '\ud83d', '</script>']
    for (const text of texts) expect(readJson(JSON.stringify({ [text]: text }))).toEqual({ [text]: text })
    expect(readJson('{"\\u0041\\/":"\\ud83d\\ude00"}')).toEqual({ 'A/': '😀' })
  })

  test.each(['7', '-0', '9007199254740993', '12345678901234567890123', '1.0', '1e999', '-1.50E-07'])(
    'the number %s as it was sent',
    (number) => {
      expect(readJson(`{"a":${number},"b":[${number} ]}`)).toEqual({ a: number, b: [number] })
    },
  )

  test('blanks of all four kinds, wherever they may stand', () => {
    expect(readJson(' {\t"a"\n:\r[ 1 , { } , [ ] , true ] , "b" : null } ')).toEqual({
      a: ['1', {}, [], true],
      b: null,
    })
  })

  test('a name that comes twice holds a list, as an element does', () => {
    expect(readJson('{"a":1,"\\u0061":"2","b":[3],"b":4,"__proto__":5,"__proto__":6}')).toEqual(
      Object.fromEntries([
        ['a', ['1', '2']],
        ['b', ['3', '4']],
        ['__proto__', ['5', '6']],
      ]),
    )
  })
})

describe('more than may be', () => {
  test.each([
    ['values', 'more than 250000 values', `{"a":[${'1,'.repeat(249_998)}1]}`],
    ['objects', 'more than 250000 values', `{"a":[${'{},'.repeat(249_998)}{}]}`],
    [
      'names in one object',
      'more than 1000 names in one object',
      JSON.stringify(Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`n${index}`, 1]))),
    ],
    ['times one name', 'more than 1000 names in one object', `{${'"a":1,'.repeat(1_000)}"a":1}`],
  ])('%s', (_, what, text) => {
    expect(() => readJson(text)).toThrow(
      expect.objectContaining({ code: 'too-many', message: `The JSON cannot be read: ${what}.` }),
    )
  })

  test('and as much as may be is read', () => {
    expect(readJson(`{"a":[${'1,'.repeat(249_997)}1]}`)).toHaveProperty('a.length', 249_998)
    expect(
      Object.keys(readJson(`{${Array.from({ length: 1_000 }, (_, i) => `"${i}":1`).join()}}`)),
    ).toHaveLength(1_000)
  })
})

/** JSON and what is nearly JSON: JSON, a few of its characters changed, removed or doubled. */
const nearlyJson = fc
  .tuple(
    fc.json({ maxDepth: 4 }).map((json) => `{"a":${json}}`),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom(
          '',
          '"',
          '\\',
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          '0',
          '-',
          '.',
          'e',
          't',
          '\n',
          ' ',
          '\u0001',
          '\\u12',
        ),
      ),
      {
        maxLength: 3,
      },
    ),
  )
  .map(([json, changes]) =>
    changes.reduce((text, [at, put]) => {
      const place = at % text.length
      return text.slice(0, place) + put + text.slice(place + (at % 3 === 0 ? 0 : 1))
    }, json),
  )

test('JSON.parse takes what is taken, and no more', () => {
  const textOf = (value: unknown): unknown =>
    typeof value === 'number'
      ? String(value)
      : Array.isArray(value)
        ? value.map(textOf)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, textOf(item)]))
          : value
  const numbersRead = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(numbersRead)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, numbersRead(item)]))
        : typeof value === 'string' && /^-?\d/.test(value) && !Number.isNaN(Number(value))
          ? String(Number(value))
          : value
  fc.assert(
    fc.property(nearlyJson, (text) => {
      let expected: unknown
      try {
        expected = JSON.parse(text)
      } catch {
        expect(() => readJson(text)).toThrow(expect.objectContaining({ code: 'malformed-json' }))
        return
      }
      fc.pre(typeof expected === 'object' && expected !== null && !Array.isArray(expected))
      // A doubled name is where both differ by intention.
      fc.pre(!/"([^"]*)"\s*:[^]*"\1"\s*:/.test(text))
      expect(numbersRead(readJson(text))).toEqual(numbersRead(textOf(expected)))
    }),
    { numRuns: 3_000 },
  )
})

test('__proto__ and its like are names like any other', () => {
  const node = readJson('{"__proto__":{"State":"Success"},"constructor":"c"}')
  expect(Object.keys(node)).toEqual(['__proto__', 'constructor'])
  expect(Object.getPrototypeOf(node)).toBe(Object.prototype)
  expect(node['State']).toBeUndefined()
})
