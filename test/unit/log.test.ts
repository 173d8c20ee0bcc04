import fs from 'node:fs'
import fc from '../support/properties'
import { createLog, LOG_LEVELS, type LogLevel, redactor } from '../../src/log'

function logged(
  options: { level?: LogLevel; secrets?: string[] },
  write: (log: ReturnType<typeof createLog>) => void,
): string[] {
  const lines: string[] = []
  write(
    createLog({
      level: options.level ?? 'info',
      secrets: options.secrets ?? [],
      write: (line) => lines.push(line),
    }),
  )
  return lines
}

test('one JSON line a call, as pino writes it', () => {
  const before = Date.now()
  const [line, ...more] = logged({}, (log) =>
    log('warn', 'a\nb', { id: 'r1', nested: { list: [1, null] }, absent: undefined }),
  )
  expect(more).toEqual([])
  expect(line?.indexOf('\n')).toBe(line!.length - 1)
  const parsed = JSON.parse(line!) as { time: number }
  expect(parsed).toEqual({
    level: 40,
    time: expect.any(Number) as number,
    msg: 'a\nb',
    id: 'r1',
    nested: { list: [1, null] },
  })
  expect(parsed.time).toBeGreaterThanOrEqual(before)
})

test.each(LOG_LEVELS)('at level %s nothing below it is written', (level) => {
  const names = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
  const lines = logged({ level }, (log) => names.forEach((name) => log(name, name)))
  const expected = level === 'silent' ? [] : names.slice(names.indexOf(level))
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(expected)
  expect(lines.map((line) => (JSON.parse(line) as { level: number }).level)).toEqual(
    expected.map((name) => 10 + 10 * names.indexOf(name)),
  )
})

describe('secrets', () => {
  test.each([
    ['as they are', 'to http://h/s3cr"t\\ü/x', 'to http://h/[redacted]/x'],
    ['as a URL writes them', 'to http://h/s3cr%22t%5C%C3%BC/x', 'to http://h/[redacted]/x'],
    ['as JSON writes them', JSON.stringify({ a: 's3cr"t\\ü' }), '{"a":"[redacted]"}'],
    ['twice', 's3cr"t\\üs3cr"t\\ü', '[redacted][redacted]'],
  ])('are blanked out %s', (_, text, shown) => {
    const [line] = logged({ secrets: ['s3cr"t\\ü'] }, (log) =>
      log('info', text, { deep: [{ deeper: text }] }),
    )
    expect(JSON.parse(line!)).toMatchObject({ msg: shown, deep: [{ deeper: shown }] })
  })

  test('the longer one first, so that none is left in part', () => {
    expect(redactor(['abcd', 'abcdefgh'])('abcdefgh abcd')).toBe('[redacted] [redacted]')
  })

  test('also when somebody has cut them off, or made blanks of their line ends', () => {
    const secret = `${'0123456789'.repeat(16)}\r\nand-a-second-line`
    const blank = redactor([secret])
    expect(blank(`<${secret.slice(0, 128)}>`)).toBe('<[redacted]>')
    expect(blank(`<${secret.slice(0, 20)}…`)).toBe('<[redacted]…')
    expect(blank(`<${secret.replace('\r\n', '  ')}> <${secret}>`)).toBe('<[redacted]> <[redacted]>')
    expect(blank('0123456789')).toBe('0123456789')
    const [line] = logged({ secrets: [secret] }, (log) => log('info', `<${secret.slice(0, 128)}>`))
    expect(JSON.parse(line!)).toMatchObject({ msg: '<[redacted]>' })
  })

  test('shorter than four characters are left: they would blank out words', () => {
    expect(redactor(['a', '', 'abc'])('abc')).toBe('abc')
  })

  test('of digits leave times and counts, and so the line’s JSON, whole', () => {
    const [line] = logged({ secrets: ['1234', String(Date.now()).slice(0, 6), 'level', 'info'] }, (log) =>
      log('info', 'pin 1234', { ms: 12345, level: 1 }),
    )
    expect(JSON.parse(line!)).toMatchObject({ msg: 'pin [redacted]', ms: 12345 })
  })

  test('whatever they are, the line is JSON and holds none', () => {
    const secret = fc.string({ unit: 'grapheme', minLength: 4, maxLength: 12 })
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 3 }),
        fc.string(),
        fc.nat(),
        (secrets, noise, pick) => {
          const chosen = secrets[pick % secrets.length]!
          const [line] = logged({ secrets }, (log) =>
            log('error', noise + chosen + noise, {
              error: encodeURIComponent(chosen),
              body: JSON.stringify([chosen]),
            }),
          )
          const { msg, error, body } = JSON.parse(line!) as Record<string, string>
          for (const shown of [msg, error, body]) {
            const rest = shown!.replaceAll('[redacted]', '\u0000')
            for (const form of [chosen, encodeURIComponent(chosen)]) expect(rest.includes(form)).toBe(false)
          }
        },
      ),
    )
  })
})

describe('without a writer it writes to standard output', () => {
  const writeSync = jest.spyOn(fs, 'writeSync')
  afterEach(() => writeSync.mockReset())

  test('all of the line, however little the pipe takes at once', () => {
    const written: string[] = []
    writeSync.mockImplementation((fd, data) => {
      expect(fd).toBe(1)
      if (written.length % 2 === 1) {
        written.push('')
        throw Object.assign(new Error('full'), { code: 'EAGAIN' })
      }
      written.push(
        Buffer.from(data as unknown as Uint8Array)
          .subarray(0, 7)
          .toString(),
      )
      return Math.min(7, (data as unknown as Uint8Array).length)
    })
    createLog({ level: 'info', secrets: [] })('info', 'hello')
    expect(JSON.parse(written.join(''))).toMatchObject({ msg: 'hello' })
  })

  test('a broken one fails no callback', () => {
    writeSync.mockImplementation(() => {
      throw Object.assign(new Error('closed'), { code: 'EPIPE' })
    })
    createLog({ level: 'info', secrets: [] })('info', 'hello')
    expect(writeSync).toHaveBeenCalledTimes(1)
  })
})
