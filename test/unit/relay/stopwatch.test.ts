import { startStopwatch } from '../../../src/relay/stopwatch'

describe('a stopwatch', () => {
  beforeEach(() => jest.useFakeTimers())
  afterEach(() => jest.useRealTimers())

  test('adds up each stage, of promises to their end, in ms with one decimal', async () => {
    const stopwatch = startStopwatch()
    expect(stopwatch.time('parse', () => (jest.advanceTimersByTime(3), 'result'))).toBe('result')
    const slow = stopwatch.time('deliver', async () => new Promise((done) => setTimeout(done, 40, 'sent')))
    await jest.advanceTimersByTimeAsync(40)
    expect(await slow).toBe('sent')
    stopwatch.time('parse', () => jest.advanceTimersByTime(2))
    expect(stopwatch.read()).toEqual({ parse: 5, deliver: 40, total: 45 })
  })

  test('counts a stage that fails', async () => {
    const stopwatch = startStopwatch()
    const failing = stopwatch.time(
      'verify',
      async () => new Promise((_, fail) => setTimeout(fail, 7, new Error('late'))),
    )
    const seen = expect(failing).rejects.toThrow('late')
    await jest.advanceTimersByTimeAsync(7)
    await seen
    expect(stopwatch.read()).toEqual({ verify: 7, total: 7 })
  })
})
