import { eachOpensStore, LEASE, LONG, STRANGE, type StoreSetup } from '../support/store-setup'

/** What every ledger promises. `atomic: false` leaves the races out, for a medium on which they may be won twice. */
export function ledgerContract(setUp: () => StoreSetup, { atomic = true } = {}): void {
  const under = eachOpensStore(setUp)
  const race = (name: string, run: () => Promise<void>): void => {
    if (atomic) test(name, run)
  }
  const claimed = async (key: string, leaseMs = LONG): Promise<string> => {
    const claim = await under.store.claim(key, leaseMs)
    if (claim.kind !== 'claimed') throw new Error(`expected to get the claim, but it is ${claim.kind}`)
    return claim.holder
  }

  describe('claims', () => {
    test('the first gets the claim, a repeat in progress learns how long it is held', async () => {
      await claimed('run-1+Success')
      const repeat = await (await under.another()).claim('run-1+Success', LONG)
      expect(repeat).toEqual({ kind: 'held', retryAfterMs: expect.any(Number) })
      const { retryAfterMs } = repeat as { retryAfterMs: number }
      expect(retryAfterMs).toBeGreaterThan(0)
      expect(retryAfterMs).toBeLessThanOrEqual(LONG)
    })

    test('whatever the answer, it brings a note that is asked for', async () => {
      // Each from a store of its own: one whose medium takes money for a look may keep for a while what it saw.
      const noted = async (key: string, name = 'noted') => (await under.another()).claim(key, LONG, name)
      expect(await noted('k')).toEqual({ kind: 'claimed', holder: expect.any(String), note: null })
      await under.store.setNote('noted', 'a\nb 名', null)
      expect(await noted('l')).toEqual({ kind: 'claimed', holder: expect.any(String), note: 'a\nb 名' })
      expect(await noted('k')).toEqual({ kind: 'held', retryAfterMs: expect.any(Number), note: 'a\nb 名' })
      await under.store.settle('k', LONG)
      await under.store.setNote('noted', '', LEASE)
      expect(await noted('k')).toEqual({ kind: 'done', note: '' })
      await under.pass(LEASE)
      expect(await noted('k')).toEqual({ kind: 'done', note: null })
      for (const name of STRANGE) await under.store.setNote(name, `of ${name}`, null)
      for (const name of STRANGE) expect((await noted('k', name)).note).toBe(`of ${name}`)
      expect(await under.store.claim('k', LONG)).toEqual({ kind: 'done' })
    })

    test('a settled key is done, for everybody', async () => {
      await claimed('k')
      await under.store.settle('k', LONG)
      expect(await under.store.claim('k', LONG)).toEqual({ kind: 'done' })
      expect(await (await under.another()).claim('k', LONG)).toEqual({ kind: 'done' })
    })

    test('a released claim can be had at once, with a new holder', async () => {
      const first = await claimed('k')
      await under.store.release('k', first)
      expect(await claimed('k')).not.toBe(first)
      expect((await under.store.claim('k', LONG)).kind).toBe('held')
    })

    test('a lease ends by itself, again and again', async () => {
      const holders = new Set<string>()
      for (let round = 0; round < 4; round++) {
        holders.add(await claimed('k', LEASE))
        expect((await under.store.claim('k', LEASE)).kind).toBe('held')
        await under.pass(LEASE)
      }
      expect(holders.size).toBe(4)
    })

    test('releasing many times leaves one holder each time', async () => {
      for (let round = 0; round < 12; round++) {
        const holder = await claimed('k')
        expect((await under.store.claim('k', LONG)).kind).toBe('held')
        await under.store.release('k', holder)
      }
    })

    test("a late holder's release does not free the claim of the next", async () => {
      const late = await claimed('k', LEASE)
      await under.pass(LEASE)
      await claimed('k')
      await under.store.release('k', late)
      expect((await under.store.claim('k', LONG)).kind).toBe('held')
    })

    test('a release with a made-up holder, or of a key nobody claimed, does nothing', async () => {
      await claimed('k')
      for (const holder of ['', 'nobody', '1', '1-x', '../1', '-1']) await under.store.release('k', holder)
      expect((await under.store.claim('k', LONG)).kind).toBe('held')
      await under.store.release('never claimed', 'nobody')
      await claimed('never claimed')
    })

    test('a release after the settling leaves the key done', async () => {
      const holder = await claimed('k')
      await under.store.settle('k', LONG)
      await under.store.release('k', holder)
      expect(await under.store.claim('k', LONG)).toEqual({ kind: 'done' })
    })

    test('settles without a claim, and though another holds it', async () => {
      await under.store.settle('unclaimed', LONG)
      expect(await under.store.claim('unclaimed', LONG)).toEqual({ kind: 'done' })
      await claimed('k', LEASE)
      await under.pass(LEASE)
      await claimed('k')
      await (await under.another()).settle('k', LONG)
      expect(await under.store.claim('k', LONG)).toEqual({ kind: 'done' })
    })

    test('done ends after its time; settling again prolongs it', async () => {
      await claimed('k')
      await under.store.settle('k', LEASE)
      await under.store.settle('longer', LEASE)
      await under.store.settle('longer', LONG)
      await under.pass(LEASE)
      await claimed('k')
      expect(await under.store.claim('longer', LONG)).toEqual({ kind: 'done' })
      await under.store.settle('k', LONG)
      expect(await under.store.claim('k', LONG)).toEqual({ kind: 'done' })
    })

    test('tells of many at once which are done: neither what is held nor what is over', async () => {
      await under.store.settle('done', LONG)
      await claimed('held')
      await under.store.settle('over', LEASE)
      await under.pass(LEASE)
      const keys = ['held', 'done', 'never', 'over', 'done', ...STRANGE]
      expect(await (await under.another()).areSettled(keys)).toEqual(keys.map((key) => key === 'done'))
      expect(await under.store.areSettled([])).toEqual([])
      // Asking claims nothing.
      await claimed('never')
    })

    test('strange keys stay apart', async () => {
      for (const key of STRANGE) await claimed(key)
      for (const key of STRANGE) expect((await under.store.claim(key, LONG)).kind).toBe('held')
      await under.store.settle('A', LONG)
      for (const key of STRANGE) {
        expect((await under.store.claim(key, LONG)).kind).toBe(key === 'A' ? 'done' : 'held')
      }
    })

    race('of 50 claims at once, one gets it', async () => {
      const stores = [under.store, await under.another()]
      for (let round = 0; round < 5; round++) {
        const claims = await Promise.all(
          Array.from({ length: 50 }, async (_, i) => stores[i % 2]!.claim(`race ${round}`, LONG)),
        )
        expect(claims.filter(({ kind }) => kind === 'claimed')).toHaveLength(1)
        expect(claims.filter(({ kind }) => kind === 'held')).toHaveLength(49)
      }
    })

    race('of 50 claims at once on an ended lease, one gets it', async () => {
      const stores = [under.store, await under.another()]
      for (let round = 0; round < 3; round++) {
        await under.store.claim(`ended ${round}`, LEASE)
        await under.pass(LEASE)
        // Long, lest it end while a slow disk keeps the others waiting.
        const claims = await Promise.all(
          Array.from({ length: 50 }, async (_, i) => stores[i % 2]!.claim(`ended ${round}`, LONG)),
        )
        expect(claims.filter(({ kind }) => kind === 'claimed')).toHaveLength(1)
      }
    })

    test('tidying up frees nothing that is held and forgets nothing that is done', async () => {
      await claimed('held')
      await under.store.settle('done', LONG)
      await claimed('ended', LEASE)
      await under.store.settle('over', LEASE)
      await under.pass(LEASE)
      await under.store.tidy()
      expect((await under.store.claim('held', LONG)).kind).toBe('held')
      expect(await under.store.claim('done', LONG)).toEqual({ kind: 'done' })
      await claimed('ended')
      await claimed('over')
    })
  })
}
