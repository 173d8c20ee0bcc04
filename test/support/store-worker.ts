import { openFileStore } from './open-drivers'
/**
 * Works on a file store until it is killed, and says on stdout what it was promised. Run as a process of its own:
 * argv: the folder, its name, how many claims to try on the keys that all workers share.
 */
import { type Line, lineOf } from '../../src/stores/line'
import type { ParkedItem } from '../../src/stores/store'

const [folder = '', name = '', rounds = '0'] = process.argv.slice(2)
const store = openFileStore(`file:${folder}`, { credentials: () => null, region: null })
const say = (...words: readonly (string | number)[]): void => {
  process.stdout.write(`${words.join(' ')}\n`)
}

const QUEUE: Line = lineOf({ status: 'waiting', group: `queue-${'_'.repeat(22)}` })

async function work(): Promise<void> {
  say('ready')
  for (let round = 0; round < Number(rounds); round++) {
    const shared = `shared ${round}`
    if ((await store.claim(shared, 600_000)).kind === 'claimed') say('claimed', round)

    const own = `${name}-${round % 7}`
    // Each time elsewhere, so that an item may be killed on its way.
    const groups = [`queue-${name.padEnd(22, '_')}`, `aside-queue-${name.padEnd(22, '_')}/${own}`]
    const item: ParkedItem = {
      id: own,
      status: 'waiting',
      group: groups[round % 2] ?? '',
      parkedAt: round % 7,
      tries: round,
      dueAt: round,
      lastError: null,
      // Large enough for a write to be cut in the middle, were it not atomic.
      payload: { kind: 'unverified', bodyBase64: String(round).padEnd(200_000, '=') },
    }
    await store.park(item)
    say('parked', own, round)
    await store.settle(own, 600_000)
    say('settled', own)
    if (round % 5 === 4) {
      say('removing', own)
      await store.remove([own])
      say('removed', own)
    }
    const turn = await store.take(`${name}-${(round + 3) % 7}`, 1)
    if (turn !== null && turn !== 'unreadable') await store.giveBack([turn])
    const taken = await store.takeDue(QUEUE, Date.now(), { groups: 3, items: 5, bytes: 1e6, leaseMs: 1 })
    await store.giveBack(taken)
    await store.setNote(name, String(round).padEnd(50_000, '.'), null)
    await store.admit('robot', 1_000_000, 600_000)
    if (round % 10 === 9) await store.tidy()
  }
  say('finished')
}

void work()
