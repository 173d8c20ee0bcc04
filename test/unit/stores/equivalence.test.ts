import { openCosStore, openFileStore, openMemoryStore } from '../../support/open-drivers'
import fc from '../../support/properties'
import { type Line, lineOf } from '../../../src/stores/line'
import { byArrival, type Store, type TakeLimits, type Turn } from '../../../src/stores/store'
import { groupAt } from '../../contracts/outbox-contract'
import { startFakeCos, type FakeCos } from '../../support/fake-cos'
import { messageItem } from '../../support/store-setup'
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder'

/** What a run has in its hands. */
interface Hands {
  readonly holders: Map<string, string>
  readonly turns: Turn[]
}

type Step = (store: Store, hands: Hands) => Promise<unknown>

const name = fc.constantFrom('a', 'A', 'b')
const ms = fc.constantFrom(1, 1000, 60_000)
const itemName = fc.constantFrom('a', 'A', 'b', 'c', 'd')

const A = groupAt('queue', 'a')
/** Where items wait. */
const PLACES = [
  { group: A },
  { group: groupAt('queue', 'b') },
  { group: groupAt('wecom-1', 'a') },
  { group: `aside-${A}/x` },
  { group: A, status: 'dead' },
] as const
/** In how many ms they are due. */
const DUE = [-1000, 0, 900, 100_000_000]

function lineAt(place: (typeof PLACES)[number]): Line {
  return lineOf({ status: 'waiting', ...place })
}

function withoutHolder({ group, items: taken }: Turn): object {
  return { group, items: taken }
}

/** All that is due, in one batch or in several: which of the groups come first is the medium's, and so they are put in order of arrival. */
async function allDue(
  store: Store,
  line: Line,
  at: number,
  limits: Omit<TakeLimits, 'bytes'>,
): Promise<Turn[]> {
  const taken: Turn[] = []
  for (;;) {
    const some = await store.takeDue(line, at, { ...limits, bytes: 1e6 })
    if (some.length === 0) return taken.sort((one, other) => byArrival(one.items[0], other.items[0]))
    taken.push(...some)
  }
}

/** What a store answers, without what each makes up for itself. */
type Steps = fc.Arbitrary<{ readonly says: string; readonly step: Step }>

const both: Steps = fc.oneof(
  fc.constant({ says: 'tidy', step: async (store: Store) => store.tidy() }),
  fc.constantFrom(1, 999, 60_000, 5 * 3_600_000, 10 * 86_400_000).map((by) => ({
    says: `pass ${by}`,
    step: async () => {
      now += by
    },
  })),
)
const claimsAndNotes: Steps = fc.oneof(
  both,
  fc.tuple(name, ms).map(([key, lease]) => ({
    says: `claim ${key} ${lease}`,
    step: async (store: Store, { holders }: Hands) => {
      const claim = await store.claim(key, lease)
      if (claim.kind === 'claimed') holders.set(key, claim.holder)
      return claim.kind === 'claimed' ? 'claimed' : claim
    },
  })),
  fc.tuple(name, name).map(([key, of]) => ({
    says: `release ${key} by the holder of ${of}`,
    step: async (store: Store, { holders }: Hands) => store.release(key, holders.get(of) ?? 'nobody'),
  })),
  fc.tuple(name, ms).map(([key, keep]) => ({
    says: `settle ${key} ${keep}`,
    step: async (store: Store) => store.settle(key, keep),
  })),
  fc.tuple(name, fc.option(name), fc.option(ms)).map(([note, value, keep]) => ({
    says: `set note ${note} ${String(value)} ${String(keep)}`,
    step: async (store: Store) => store.setNote(note, value, keep),
  })),
  name.map((note) => ({ says: `note ${note}`, step: async (store: Store) => store.note(note) })),
  fc
    .constantFrom(['a', 1, 1000] as const, ['A', 2, 60_000] as const, ['b', 3, 1] as const)
    .map(([robot, messages, per]) => ({
      says: `admit ${robot}`,
      step: async (store: Store) => store.admit(robot, messages, per),
    })),
)
const items: Steps = fc.oneof(
  both,
  fc
    .tuple(itemName, fc.constantFrom(...PLACES), fc.constantFrom(...DUE), fc.constantFrom(1, 1000, 60_000))
    .map(([id, place, due, waitMs]) => ({
      says: `park ${id} ${JSON.stringify(place)} due in ${due}, waits ${waitMs}`,
      step: async (store: Store) => {
        parked += 1
        // No two arrive at once, and none is due with another: then their order is nobody's to choose.
        const item = { ...place, parkedAt: now + parked / 1024, dueAt: now + due + parked / 1024, waitMs }
        return store.park(messageItem(id, { ...item, tries: parked }))
      },
    })),
  fc
    .tuple(fc.constantFrom(...PLACES), fc.constantFrom(0, 1000, Infinity), ms)
    .map(([place, ahead, leaseMs]) => ({
      says: `take what is due in ${JSON.stringify(lineAt(place))} in ${ahead}, for ${leaseMs}`,
      step: async (store: Store, { turns }: Hands) => {
        const taken = await allDue(store, lineAt(place), now + ahead, { groups: 9, items: 99, leaseMs })
        turns.push(...taken)
        return taken.map(withoutHolder)
      },
    })),
  fc.tuple(itemName, ms).map(([id, lease]) => ({
    says: `take ${id} ${lease}`,
    step: async (store: Store, { turns }: Hands) => {
      const turn = await store.take(id, lease)
      if (turn === null || turn === 'unreadable') return turn
      turns.push(turn)
      return withoutHolder(turn)
    },
  })),
  fc.tuple(fc.nat(3), fc.constantFrom('none', 'first', 'all')).map(([which, gone]) => ({
    says: `give back turn ${which}, ${gone} gone`,
    step: async (store: Store, { turns }: Hands) => {
      const [turn] = turns.splice(which, 1)
      if (turn === undefined) return
      const ids = turn.items.map(({ id }) => id).slice(0, { none: 0, first: 1, all: turn.items.length }[gone])
      await store.giveBack([turn], ids)
    },
  })),
  fc.nat(3).map((which) => ({
    says: `park the items of turn ${which} anew`,
    step: async (store: Store, { turns }: Hands) => {
      for (const item of turns[which]?.items ?? []) {
        parked += 1
        await store.park({ ...item, tries: item.tries + 1, dueAt: now + 500 + parked / 1024, waitMs: 1000 })
      }
    },
  })),
  fc
    .tuple(fc.constantFrom(...PLACES), fc.boolean(), fc.integer({ min: 1, max: 3 }))
    .map(([place, fails, most]) => ({
      says: `sweep ${JSON.stringify(lineAt(place))}, ${most} of a group: the first goes${fails ? ', the next one fails' : ''}`,
      step: async (store: Store) => {
        const turns = await allDue(store, lineAt(place), now, { groups: 1, items: most, leaseMs: 60_000 })
        for (const turn of turns) {
          const [first, second] = turn.items
          parked += 1
          if (fails && second !== undefined)
            await store.park({ ...second, dueAt: now + 500 + parked / 1024, waitMs: 1000 })
          await store.giveBack([turn], [first.id])
        }
        return turns.map(withoutHolder)
      },
    })),
  fc.array(itemName, { maxLength: 3 }).map((ids) => ({
    says: `remove ${ids.join()}`,
    step: async (store: Store) => store.remove(ids),
  })),
  itemName.map((id) => ({ says: `read ${id}`, step: async (store: Store) => store.read(id) })),
  fc.constant({
    says: 'lines',
    step: async (store: Store) =>
      [...(await store.lines())].sort((a, b) => (JSON.stringify(a.line) < JSON.stringify(b.line) ? -1 : 1)),
  }),
  fc.constantFrom(...PLACES).map((place) => ({
    says: `page ${JSON.stringify(lineAt(place))}`,
    step: async (store: Store) => store.page(lineAt(place), null, 100),
  })),
)

let now = 0
/** How often something was parked in this run. */
let parked = 0
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
  test.each([
    ['claims and notes', claimsAndNotes],
    ['items', items],
  ])(
    'answers whatever is asked of it about %s, in whatever order, as the memory store does',
    async (_, steps) => {
      await fc.assert(
        fc.asyncProperty(fc.array(steps, { maxLength: 50, size: 'max' }), async (sequence) => {
          const folder = temporaryFolder()
          cos.objects.clear()
          try {
            const play = async (store: Store): Promise<unknown[]> => {
              now = 1_767_225_600_000
              parked = 0
              const hands: Hands = { holders: new Map(), turns: [] }
              const log: unknown[] = []
              for (const { says, step } of sequence) {
                now += 1
                log.push([says, structuredClone(await step(store, hands))])
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
    },
    300_000,
  )
})
