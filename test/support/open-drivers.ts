// The drivers by name, as unit tests open them: without looking a scheme up.
import { driver as alertmanager } from '../../src/alerts/alertmanager'
import { driver as consoleChannel } from '../../src/alerts/console'
import { driver as fileChannel } from '../../src/alerts/file'
import { driver as pagerduty } from '../../src/alerts/pagerduty'
import type { CloudEvent } from '../../src/callback/cloud-event'
import type { Deadline } from '../../src/net/deadline'
import type { Failure } from '../../src/net/failure'
import { driver as amqp } from '../../src/queues/amqp'
import { driver as cmq } from '../../src/queues/cmq'
import { driver as fileQueue } from '../../src/queues/file'
import { driver as http } from '../../src/queues/http'
import { driver as kafka } from '../../src/queues/kafka'
import type { Queue, QueueDriver } from '../../src/queues/queue'
import { driver as redisQueue } from '../../src/queues/redis'
import { driver as cos } from '../../src/stores/cos'
import { driver as fileStore } from '../../src/stores/file'
import { driver as memory } from '../../src/stores/memory'
import { driver as redisStore } from '../../src/stores/redis'

export const openAlertmanagerChannel = alertmanager.open
export const openConsoleChannel = consoleChannel.open
export const openFileChannel = fileChannel.open
export const openPagerdutyChannel = pagerduty.open

export const openCosStore = cos.open
export const openFileStore = fileStore.open
export const openMemoryStore = memory.open
export const openRedisStore = redisStore.open

/** A delivery that failed, as an error. */
export class FailedDelivery extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

/** A queue to which one event at a time is published, and that rejects when it is not taken. */
export interface OneByOne extends Omit<Queue, 'publish'> {
  publish(event: CloudEvent, deadline: Deadline): Promise<void>
}

const oneByOne =
  (driver: QueueDriver) =>
  (...words: Parameters<QueueDriver['open']>): OneByOne => {
    const queue = driver.open(...words)
    return {
      ...queue,
      async publish(event, deadline) {
        const [failure] = await queue.publish([event], deadline)
        if (failure) throw new FailedDelivery(failure)
      },
    }
  }

export const openAmqpQueue = oneByOne(amqp)
export const openCmqQueue = oneByOne(cmq)
export const openFileQueue = oneByOne(fileQueue)
export const openHttpQueue = oneByOne(http)
export const openKafkaQueue = oneByOne(kafka)
export const openRedisQueue = oneByOne(redisQueue)
