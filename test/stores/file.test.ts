import { openFileStore } from '../support/open-drivers'
import { shiftedClock } from '../support/shifted-clock'
import { storeContract } from '../support/store-contract'
import { temporaryFolder } from '../support/temporary-folder'

const CONTEXT = { credentials: () => null, region: null }

describe('the file store', () => {
  storeContract(() => {
    const clock = shiftedClock()
    const folder = temporaryFolder()
    const open = async () => openFileStore(`file:${folder.path}/store`, CONTEXT)
    return {
      open,
      again: open,
      pass: clock.pass,
      cleanUp: async () => {
        clock.restore()
        folder.remove()
      },
    }
  })
})
