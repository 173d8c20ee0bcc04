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
  const waiting = new Promise((resolve) => {
    // In a timer's turn, so that the deadline's timer is next, before the answer is read.
    setTimeout(() => {
      resolve(inTime(20, stat(__filename), late).then((file) => file.isFile()))
      for (const end = performance.now() + 100; performance.now() < end;);
    }, 0)
  })
  expect(await waiting).toBe(true)
})
