import { eachOpensStore, LEASE, LONG, STRANGE, type StoreSetup } from '../support/store-setup'

/** What every store of notes promises. `atomic: false` leaves the races out, for a medium on which they may be won twice. */
export function notesContract(setUp: () => StoreSetup, { atomic = true } = {}): void {
  const under = eachOpensStore(setUp)
  const race = (name: string, run: () => Promise<void>): void => {
    if (atomic) test(name, run)
  }

  describe('notes', () => {
    test('are kept for good, replaced and erased', async () => {
      expect(await under.store.note('watermark')).toBeNull()
      await under.store.setNote('watermark', '2026-01-01', null)
      expect(await (await under.another()).note('watermark')).toBe('2026-01-01')
      await under.store.setNote('watermark', '', null)
      expect(await under.store.note('watermark')).toBe('')
      await under.store.setNote('watermark', null, null)
      expect(await under.store.note('watermark')).toBeNull()
      await under.store.setNote('watermark', null, 5)
    })

    test('are swapped for another only by who knows the one that is there', async () => {
      expect(await under.store.swapNote('w', 'a', 'b', null)).toBe(false)
      expect(await under.store.note('w')).toBeNull()
      expect(await under.store.swapNote('w', null, '', null)).toBe(true)
      expect(await under.store.swapNote('w', null, 'b', null)).toBe(false)
      expect(await (await under.another()).swapNote('w', '', 'b', null)).toBe(true)
      expect(await under.store.note('w')).toBe('b')
      expect(await under.store.swapNote('w', 'b', 'c', LEASE)).toBe(true)
      await under.pass(LEASE)
      expect(await under.store.swapNote('w', 'c', 'd', null)).toBe(false)
      expect(await under.store.swapNote('w', null, 'd', null)).toBe(true)
      expect(await under.store.swapNote('w', 'd', null, null)).toBe(true)
      expect(await under.store.note('w')).toBeNull()
    })

    race('of 20 swaps at once, one succeeds, and none is lost among several rounds', async () => {
      const stores = [under.store, await under.another()]
      for (let round = 0; round < 3; round++) {
        const before = await under.store.note('w')
        const swapped = await Promise.all(
          Array.from({ length: 20 }, async (_, i) =>
            stores[i % 2]!.swapNote('w', before, `${round}-${i}`, null),
          ),
        )
        expect(swapped.filter(Boolean)).toHaveLength(1)
      }
    })

    test('end after their time', async () => {
      await under.store.setNote('throttle', 'on', LEASE)
      await under.store.setNote('kept', 'yes', LEASE)
      await under.store.setNote('kept', 'yes', null)
      expect(await under.store.note('throttle')).toBe('on')
      await under.pass(LEASE)
      await under.store.tidy()
      expect(await under.store.note('throttle')).toBeNull()
      expect(await under.store.note('kept')).toBe('yes')
    })

    test('with strange names and values stay apart, from claims and items too', async () => {
      for (const name of STRANGE) await under.store.setNote(name, `值 of ${name}\n`, null)
      for (const name of STRANGE) expect(await under.store.note(name)).toBe(`值 of ${name}\n`)
      for (const key of STRANGE) expect((await under.store.claim(key, LONG)).kind).toBe('claimed')
      expect(await under.store.lines()).toEqual([])
    })
  })

  describe('admission', () => {
    test('counts up to the limit, then tells the wait', async () => {
      for (let i = 0; i < 3; i++) expect(await under.store.admit('robot', 3, LONG)).toBe(0)
      const wait = await (await under.another()).admit('robot', 3, LONG)
      expect(wait).toBeGreaterThan(0)
      expect(wait).toBeLessThanOrEqual(LONG)
      expect(await under.store.admit('another robot', 3, LONG)).toBe(0)
    })

    test('lets one more go after the wait it told', async () => {
      expect(await under.store.admit('robot', 2, LEASE)).toBe(0)
      expect(await under.store.admit('robot', 2, LEASE)).toBe(0)
      const wait = await under.store.admit('robot', 2, LEASE)
      expect(wait).toBeGreaterThan(0)
      await under.pass(wait)
      expect(await under.store.admit('robot', 2, LEASE)).toBe(0)
    })

    test('what was refused is not counted', async () => {
      expect(await under.store.admit('robot', 1, LEASE)).toBe(0)
      for (let i = 0; i < 5; i++) expect(await under.store.admit('robot', 1, LEASE)).toBeGreaterThan(0)
      await under.pass(LEASE)
      expect(await under.store.admit('robot', 1, LEASE)).toBe(0)
    })

    race('of 40 at once, no more than the limit go', async () => {
      const stores = [under.store, await under.another()]
      const waits = await Promise.all(
        Array.from({ length: 40 }, async (_, i) => stores[i % 2]!.admit('robot', 5, LONG)),
      )
      const admitted = waits.filter((wait) => wait === 0).length
      expect(admitted).toBeGreaterThan(0)
      expect(admitted).toBeLessThanOrEqual(5)
    })

    test('strange names', async () => {
      for (const name of STRANGE) expect(await under.store.admit(name, 1, LONG)).toBe(0)
      for (const name of STRANGE) expect(await under.store.admit(name, 1, LONG)).toBeGreaterThan(0)
    })
  })
}
