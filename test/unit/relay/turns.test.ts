import { setTimeout as sleep } from 'node:timers/promises'
import { turns } from '../../../src/relay/turns'

test('what is about one piece of work is done in the order in which it was asked for, all else at once', async () => {
  const done: string[] = []
  const inTurn = turns()
  const act = (name: string, ms: number) => async () => {
    await sleep(ms)
    done.push(name)
    return name
  }
  const results = await Promise.all([
    inTurn('a', act('a1', 30)),
    inTurn('a', act('a2', 1)),
    inTurn('b', act('b1', 10)),
    inTurn(null, act('-1', 5)),
    inTurn(null, act('-2', 1)),
  ])
  expect(results).toEqual(['a1', 'a2', 'b1', '-1', '-2'])
  expect(done).toEqual(['-2', '-1', 'b1', 'a1', 'a2'])
})

test('one that fails holds up none behind it, and whoever comes later need not wait', async () => {
  const inTurn = turns()
  const failed = inTurn('a', async () => Promise.reject(new Error('no')))
  const next = inTurn('a', async () => Promise.resolve('yes'))
  await expect(failed).rejects.toThrow('no')
  expect(await next).toBe('yes')
  expect(await inTurn('a', async () => Promise.resolve('later'))).toBe('later')
})
