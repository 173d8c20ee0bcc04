// For every test file (jest.config.mjs): whatever message the code makes in the process of a test is held to docs/schema/message.schema.json as soon
// as it is made. What the built function sends is held to it where it arrives: open-relay, queue-contract and the fake receivers.
import type * as Module from '../../src/callback/cloud-event'
import type * as Schema from './schema'

jest.mock('../../src/callback/cloud-event', (): typeof Module => {
  const actual = jest.requireActual<typeof Module>('../../src/callback/cloud-event')
  const valid = (event: Module.CloudEvent): Module.CloudEvent => {
    // What has not ended is owed no message. The schema is loaded only where there is one.
    if (event.verdict !== 'running')
      jest.requireActual<typeof Schema>('./schema').validateMessage(JSON.parse(JSON.stringify(event)))
    return event
  }
  return {
    ...actual,
    toCloudEvent: (notice) => valid(actual.toCloudEvent(notice)),
    withRaw: (event, raw, largest) => valid(actual.withRaw(event, raw, largest)),
  }
})
