import fc from '../../support/properties'
import { bodyText } from '../../../src/callback/body-text'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

test('plain text stays as it is, whether the trigger says that it is no base64 or nothing', () => {
  for (const text of ['<a>中😀</a>', '{"a":1}', '', ' \n<a/>', 'plain', '\uFEFF<a/>']) {
    expect(bodyText(text, false)).toBe(text)
    expect(bodyText(text, null)).toBe(text)
  }
})

describe('without a word from the trigger, base64 is known by its first characters', () => {
  const starts = [
    '<a>',
    '<?xml ?>',
    '<!-- -->',
    '{"a":1}',
    '{}',
    '{\n',
    '\uFEFF<a/>',
    ' <a/>',
    '\n<a/>',
    '\r\n<a/>',
    '\t{}',
  ]

  test.each(starts)('%j', (text) => {
    expect(bodyText(base64(text), null)).toBe(text)
    expect(bodyText(base64(`${text} padded`), null)).toBe(`${text} padded`)
  })

  test('whatever follows them', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('<', '{', ' ', '\t', '\n', '\r', '\uFEFF'),
        fc.string({ unit: 'grapheme' }),
        (start, rest) => {
          expect(bodyText(base64(start + rest), null)).toBe(start + rest)
        },
      ),
    )
  })

  test('in lines of 76, as MIME has it, whatever ends them', () => {
    const text = `<a>${'课程 '.repeat(60)}</a>`
    const wrapped =
      Buffer.from(text)
        .toString('base64')
        .match(/.{1,76}/g) ?? []
    for (const end of ['\n', '\r\n'])
      for (const last of ['', end]) expect(bodyText(wrapped.join(end) + last, null)).toBe(text)
    // Blanks are no part of it.
    expect(bodyText(wrapped.join(' '), null)).toBe(wrapped.join(' '))
    // However many lines there are, they are looked at once.
    const long = `PGE+${'\n'.repeat(6_000_000)}!`
    expect(bodyText(long, null)).toBe(long)
  })

  test('but not in a text that holds anything else, or when the trigger says that it is plain', () => {
    expect(bodyText('PGE+ and more', null)).toBe('PGE+ and more')
    expect(bodyText('PGE+', false)).toBe('PGE+')
    expect(bodyText('Zm9v', null)).toBe('Zm9v')
    // These begin like base64 of `,` and `z`, no way to begin a callback.
    expect(bodyText('LA==', null)).toBe('LA==')
    expect(bodyText('eg==', null)).toBe('eg==')
  })
})

describe('base64', () => {
  test('may be broken into lines, and lack its padding', () => {
    expect(bodyText('PGE+\r\n PC9h\tPg==\n', true)).toBe('<a></a>')
    expect(bodyText('PGE+PC9hPg', true)).toBe('<a></a>')
  })

  test.each([
    ['<a></a>', 'The body is said to be base64 but is not: fault at character 1.'],
    ['PGE-', 'The body is said to be base64 but is not: fault at character 4.'],
    ['PGE+=PC9hPg==', 'The body is said to be base64 but is not: fault at character 5.'],
    ['PGE+P===', 'The body is said to be base64 but is not: fault at character 6.'],
    ['PGE+P', 'The body is said to be base64 but is cut off.'],
  ])('%s is refused', (text, message) => {
    expect(() => bodyText(text, true)).toThrow(expect.objectContaining({ code: 'bad-base64', message }))
  })
})

describe('UTF-8 is read strictly', () => {
  const bytes = (...parts: (string | number[])[]): string =>
    Buffer.concat(parts.map((part) => Buffer.from(part as string))).toString('base64')

  test.each([
    ['half a character at the end', bytes('<a>', [0xe4, 0xb8]), 4],
    ['a stray continuation', bytes('<a>中', [0x80], '</a>'), 7],
    ['an overlong form', bytes('<', [0xc0, 0xaf], '>'), 2],
    ['a surrogate', bytes('<a>', [0xed, 0xa0, 0xbd], '</a>'), 4],
    ['GBK', bytes('<a>', [0xd6, 0xd0, 0xce, 0xc4], '</a>'), 4],
    ['beyond U+10FFFF', bytes('😀', [0xf4, 0x90, 0x80, 0x80]), 5],
  ])('%s', (_, body, at) => {
    expect(() => bodyText(body, true)).toThrow(
      expect.objectContaining({
        code: 'bad-utf8',
        message: `The body is not valid UTF-8: fault at byte ${at}.`,
      }),
    )
  })

  test('and the place is right in any bytes', () => {
    const byte = fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0xe4, 0xb8, 0xad, 0xf0, 0x9f, 0x98, 0x80))
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.array(byte, { maxLength: 12 }), (start, rest) => {
        const body = Buffer.concat([Buffer.from(start), Buffer.from(rest)])
        const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
        let text: string
        try {
          text = decoder.decode(body)
        } catch {
          // Every byte in front of the named one is whole characters; with it, they are not even the start of more.
          expect(() => bodyText(body.toString('base64'), true)).toThrow(
            expect.objectContaining({
              message: `The body is not valid UTF-8: fault at byte ${soundBytes(body) + 1}.`,
            }),
          )
          return
        }
        expect(bodyText(body.toString('base64'), true)).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  test('half a surrogate pair in a plain text', () => {
    expect(() => bodyText('<a>\ud83d</a>', false)).toThrow(
      expect.objectContaining({
        code: 'bad-utf8',
        message: 'The body is not valid text: it holds half of a surrogate pair.',
      }),
    )
  })
})

function soundBytes(body: Buffer): number {
  let sound = 0
  for (let end = 0; end <= body.length; end++) {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(body.subarray(0, end))
      sound = end
    } catch {
      continue
    }
  }
  return sound
}
