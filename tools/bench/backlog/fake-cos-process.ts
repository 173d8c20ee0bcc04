// The tests' strict bucket, in a process of its own; tells how many requests came since it was last asked.
import { startFakeCos } from '../../../test/support/fake-cos'

void startFakeCos().then((fake) => {
  process.on('message', () => {
    process.send?.({ requests: fake.requests.length })
    fake.requests.length = 0
  })
  process.send?.({ endpoint: fake.endpoint })
})
