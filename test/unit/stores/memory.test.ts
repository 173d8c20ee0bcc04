import { openMemoryStore } from '../../support/open-drivers'
import { shiftedClock } from '../../support/shifted-clock'
import { storeContract } from '../../contracts/store-contract'

const CONTEXT = { credentials: () => null, region: null }

describe('the memory store', () => {
  storeContract(
    () => {
      const clock = shiftedClock()
      return {
        open: async () => openMemoryStore('memory:', CONTEXT),
        again: null,
        pass: clock.pass,
        cleanUp: async () => clock.restore(),
      }
    },
    // It looks through all it has for each batch.
    { many: 1000 },
  )

  test('takes no parameters', () => {
    expect(() => openMemoryStore('memory:secret', CONTEXT)).toThrow(
      'a memory store takes no parameters: write memory:',
    )
  })
})
