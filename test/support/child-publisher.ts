import { Deadline } from '../../src/net/deadline'
import { openQueue } from '../../src/queues/open-queue'
import { sampleEvent } from './events'

/**
 * Run as a process of its own (see queue-contract.ts): publishes one event to the URL in QUEUE_URL within DEADLINE_MS, says how it
 * went, and leaves the queue open. That the process then ends is what the test is about.
 */
async function main(): Promise<void> {
  const credentials = { secretId: 'id', secretKey: 'key', sessionToken: null }
  const url = process.env['QUEUE_URL'] ?? ''
  const queue = await openQueue(url, { credentials: () => credentials, region: null })
  try {
    const deadline = Deadline.in(Number(process.env['DEADLINE_MS']))
    const [failure] = await queue.publish([sampleEvent('from-a-child')], deadline)
    process.stdout.write(failure?.kind ?? 'published')
  } catch (error) {
    process.stdout.write((error as Error).name)
  }
}

void main()
