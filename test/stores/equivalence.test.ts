import { openCosStore, openFileStore, openMemoryStore } from '../support/open-drivers'
import fc from 'fast-check'
import type { Store } from '../../src/stores/store'
import { startFakeCos, type FakeCos } from '../support/fake-cos'
import { messageItem } from '../support/store-contract'
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder'

type Step = (store: Store, holders: Map<string, string>) => Promise<unknown>

const name = fc.constantFrom('a', 'A', 'b')
const ms = fc.constantFrom(1, 1000, 60_000)

/** What a store answers, without what each makes up for itself. */
const steps: fc.Arbitrary<{ readonly says: string; readonly step: Step }> = fc.oneof(
  fc.tuple(name, ms).map(([key, lease]) => ({
    says: `claim ${key} ${lease}`,
    step: async (store: Store, holders: Map<string, string>) => {
      const claim = await store.claim(key, lease)
      if (claim.kind === 'claimed') holders.set(key, claim.holder)
      return claim.kind === 'claimed' ? 'claimed' : claim
    },
  })),
  fc.tuple(name, name).map(([key, of]) => ({
    says: `release ${key} by the holder of ${of}`,
    step: async (store: Store, holders: Map<string, string>) =>
      store.release(key, holders.get(of) ?? 'nobody'),
  })),
  fc.tuple(name, ms).map(([key, keep]) => ({
    says: `settle ${key} ${keep}`,
    step: async (store: Store) => store.settle(key, keep),
  })),
  fc.tuple(name, fc.nat(3)).map(([id, tries]) => ({
    says: `park ${id} ${tries}`,
    step: async (store: Store) => store.park(messageItem(id, { tries, parkedAt: tries })),
  })),
  fc.tuple(name, ms).map(([id, lease]) => ({
    says: `take ${id} ${lease}`,
    step: async (store: Store) => store.take(id, lease),
  })),
  name.map((id) => ({ says: `remove ${id}`, step: async (store: Store) => store.remove(id) })),
  name.map((id) => ({ says: `read ${id}`, step: async (store: Store) => store.read(id) })),
  fc.constant({ says: 'list', step: async (store: Store) => store.list() }),
  fc.tuple(name, fc.option(name), fc.option(ms)).map(([note, value, keep]) => ({
    says: `set note ${note} ${String(value)} ${String(keep)}`,
    step: async (store: Store) => store.setNote(note, value, keep),
  })),
  name.map((note) => ({ says: `note ${note}`, step: async (store: Store) => store.note(note) })),
  fc.tuple(name, fc.integer({ min: 1, max: 3 }), ms).map(([robot, messages, per]) => ({
    says: `admit ${robot} ${messages} ${per}`,
    step: async (store: Store) => store.admit(robot, messages, per),
  })),
  fc.constant({ says: 'tidy', step: async (store: Store) => store.tidy() }),
  fc.constantFrom(1, 999, 60_000, 5 * 3_600_000, 10 * 86_400_000).map((by) => ({
    says: `pass ${by}`,
    step: async () => {
      now += by
    },
  })),
)

let now = 0
let cos: FakeCos
beforeAll(async () => {
  cos = await startFakeCos()
  jest.spyOn(Date, 'now').mockImplementation(() => now)
})
afterAll(async () => {
  await cos.close()
  jest.restoreAllMocks()
})

const CONTEXT = { credentials: () => cos.credentials, region: 'ap-guangzhou' }

describe.each([
  ['file', (folder: TemporaryFolder) => openFileStore(`file:${folder.path}`, CONTEXT)],
  ['cos', () => openCosStore(`cos://media-1250000000/relay?endpoint=${cos.endpoint}`, CONTEXT)],
] as const)('%s', (_, open) => {
  test('answers whatever is asked of it, in whatever order, as the memory store does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 40 }), async (sequence) => {
        const folder = temporaryFolder()
        cos.objects.clear()
        try {
          const play = async (store: Store): Promise<string[]> => {
            now = 1_767_225_600_000
            const holders = new Map<string, string>()
            const log: string[] = []
            for (const { says, step } of sequence) {
              log.push(`${says}: ${JSON.stringify(await step(store, holders))}`)
            }
            store.close?.()
            return log
          }
          const expected = await play(openMemoryStore('memory:', CONTEXT))
          expect(await play(open(folder))).toEqual(expected)
        } finally {
          folder.remove()
        }
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})
