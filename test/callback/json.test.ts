import { readJson } from '../../src/callback/json'

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
  ])('%s', (text, where) => {
    expect(() => readJson(text)).toThrow(
      expect.objectContaining({ code: 'malformed-json', message: `The JSON cannot be read: ${where}.` }),
    )
  })

  test('in a long text, quickly', () => {
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

test('__proto__ and its like are names like any other', () => {
  const node = readJson('{"__proto__":{"State":"Success"},"constructor":"c"}')
  expect(Object.keys(node)).toEqual(['__proto__', 'constructor'])
  expect(Object.getPrototypeOf(node)).toBe(Object.prototype)
  expect(node['State']).toBeUndefined()
})
