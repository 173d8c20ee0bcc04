import { lstat } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Deadline } from '../../../src/net/deadline'

const late = (): Error => new Error('late')
const never = new Promise<never>(() => undefined)
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

test('what hangs is given up when the time is over, and whoever waits for that is told', async () => {
  const calls: string[] = []
  const deadline = Deadline.in(20)
  deadline.onceOver(() => calls.push('told'))
  deadline.onceOver(() => calls.push('not told'))()
  await expect(deadline.hold(never, late)).rejects.toThrow('late')
  expect(calls).toEqual(['told'])
  expect([deadline.left, deadline.isOver]).toEqual([0, true])
})

test('what is settled in time keeps its outcome, and holds no timer', async () => {
  const before = timers()
  const deadline = Deadline.in(60_000)
  await expect(deadline.hold(Promise.resolve(1), late)).resolves.toBe(1)
  await expect(deadline.hold(Promise.reject(new Error('own')), late)).rejects.toThrow('own')
  expect(timers()).toBe(before)
})

test('any number of waits hold one timer, and each ends at its own time', async () => {
  const before = timers()
  const ended: number[] = []
  const waits = [60, 20, 40].map((ms) =>
    Deadline.in(ms)
      .hold(never, late)
      .catch(() => ended.push(ms)),
  )
  expect(timers()).toBe(before + 1)
  await Promise.all(waits)
  expect(ended).toEqual([20, 40, 60])
})

test('of two the sooner counts', () => {
  expect(Deadline.in(1_000).within(60_000).left).toBeLessThanOrEqual(1_000)
  expect(Deadline.in(60_000).within(1_000).left).toBeLessThanOrEqual(1_000)
  expect(Deadline.in(1_000).plus(1_000).left).toBeGreaterThan(1_000)
  expect(Deadline.in(-5).isOver).toBe(true)
})

test('an answer that came while the process was busy counts, though its time is over', async () => {
  // In a turn of I/O: the deadline's timer is next, before the answer is read.
  await new Promise((done) => lstat(__filename, done))
  const waiting = Deadline.in(20).hold(stat(__filename), late)
  for (const end = performance.now() + 100; performance.now() < end;);
  expect((await waiting).isFile()).toBe(true)
})
