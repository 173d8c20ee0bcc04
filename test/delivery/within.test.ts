import { lstat } from 'node:fs'
import { stat } from 'node:fs/promises'
import { inTime, within } from '../../src/delivery/within'

const late = (): Error => new Error('late')
const never = new Promise<never>(() => undefined)

test('gives up after so long, and aborts the signal', async () => {
  let given: AbortSignal | undefined
  const waiting = within(
    20,
    async (signal) => {
      given = signal
      return never
    },
    late,
  )
  await expect(waiting).rejects.toThrow('late')
  expect(given?.aborted).toBe(true)
})

test('an answer that came while the process was busy counts, though its time is over', async () => {
  // In a turn of I/O: the deadline's timer is next, before the answer is read.
  await new Promise((done) => lstat(__filename, done))
  const waiting = inTime(20, stat(__filename), late)
  for (const end = performance.now() + 100; performance.now() < end;);
  expect((await waiting).isFile()).toBe(true)
})
