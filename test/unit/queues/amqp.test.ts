import { Deadline } from '../../../src/net/deadline'
import { openAmqpQueue } from '../../support/open-drivers'
import { Connection } from 'rabbitmq-client'
import { sampleEvent } from '../../support/events'
import { describeService } from '../../support/services'

const CONTEXT = { credentials: () => null, region: null }

describe('opening', () => {
  test.each([
    ['amqp://localhost/', 'the parameter queue (or exchange and routingKey) is missing'],
    ['amqp://localhost/?queue=q&exchange=e', 'give either queue, or exchange and routingKey'],
    ['amqp://localhost/?exchange=e&declare=1', 'declare=1 goes with queue'],
    ['amqp://localhost/?queue=q&declare=yes', 'declare can only be 1'],
    ['amqp://localhost/?queue=q&routingkey=k', 'unknown parameter "routingkey"'],
    ['amqp:?queue=q', 'the host is missing'],
    ['amqp://u:100%@localhost/?queue=q', 'the password has a "%"'],
    ['amqp://u:p@local host/?queue=q', 'not a URL'],
  ])('%s: %s', (url, words) => {
    expect(() => openAmqpQueue(url, CONTEXT)).toThrow(words)
  })
})

describeService('rabbitmq', (address) => {
  const name = `relay-test-${String(process.pid)}`
  let admin: Connection

  beforeAll(async () => {
    admin = new Connection(`amqp://guest:guest@${address}`)
    await admin.queueDeclare({ queue: name, exclusive: false })
    await admin.exchangeDeclare({ exchange: name, type: 'direct', autoDelete: false })
    await admin.queueBind({ queue: name, exchange: name, routingKey: 'bound' })
  })

  afterAll(async () => {
    await admin.queueDelete(name)
    await admin.exchangeDelete({ exchange: name })
    await admin.close()
  })

  async function messages(queue = name) {
    const all = []
    for (;;) {
      const message = await admin.basicGet({ queue, noAck: true })
      if (message === undefined) return all
      all.push(message)
    }
  }

  test('sends persistent messages with id and content type', async () => {
    const queue = openAmqpQueue(`amqp://${address}/%2f?exchange=${name}&routingKey=bound`, CONTEXT)
    await queue.publish(sampleEvent('properties'), Deadline.in(5000))
    queue.close?.()
    expect(await messages()).toMatchObject([
      {
        messageId: 'properties',
        contentType: 'application/cloudevents+json',
        durable: true,
        routingKey: 'bound',
      },
    ])
  })

  test('fails when the exchange has no queue for the key, and goes on', async () => {
    const queue = openAmqpQueue(`amqp://${address}/?exchange=${name}&routingKey=unbound`, CONTEXT)
    const publishing = ['same', 'same', 'other'].map((id) =>
      queue.publish(sampleEvent(id), Deadline.in(5000)),
    )
    for (const result of await Promise.allSettled(publishing)) {
      const words = `amqp: ${address}: exchange "${name}" has no queue for routing key "unbound"`
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { message: expect.stringContaining(words) },
      })
    }
    await admin.queueBind({ queue: name, exchange: name, routingKey: 'unbound' })
    await queue.publish(sampleEvent('same'), Deadline.in(5000))
    queue.close?.()
    expect(await messages()).toMatchObject([{ messageId: 'same' }])
  })

  test.each([
    [
      `?queue=${name}-none`,
      `there is no queue "${name}-none" in vhost "/": create it, or add declare=1 to the URL`,
    ],
    [`?exchange=${name}-none&routingKey=k`, `there is no exchange "${name}-none" in vhost "/": create it`],
  ])('names what is missing: %s', async (query, words) => {
    const queue = openAmqpQueue(`amqp://${address}/${query}`, CONTEXT)
    const publishing = [1, 2].map(() => queue.publish(sampleEvent('missing'), Deadline.in(5000)))
    for (const result of await Promise.allSettled(publishing)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { message: `amqp: ${address}: ${words}` } })
    }
    queue.close?.()
  })

  test('names the vhost that is missing', async () => {
    const queue = openAmqpQueue(`amqp://${address}/nowhere?queue=${name}`, CONTEXT)
    await expect(queue.publish(sampleEvent('vhost'), Deadline.in(5000))).rejects.toThrow(/vhost nowhere/)
    queue.close?.()
  })

  test('tells of a queue and of an exchange that were deleted meanwhile', async () => {
    await admin.queueDeclare({ queue: `${name}-gone` })
    await admin.exchangeDeclare({ exchange: `${name}-gone` })
    const toQueue = openAmqpQueue(`amqp://${address}/?queue=${name}-gone`, CONTEXT)
    const toExchange = openAmqpQueue(`amqp://${address}/?exchange=${name}-gone`, CONTEXT)
    await toQueue.publish(sampleEvent('before'), Deadline.in(5000))
    await expect(toExchange.publish(sampleEvent('before'), Deadline.in(5000))).rejects.toThrow('was returned')
    await admin.queueDelete(`${name}-gone`)
    await admin.exchangeDelete({ exchange: `${name}-gone` })
    await expect(toQueue.publish(sampleEvent('after'), Deadline.in(5000))).rejects.toThrow(
      `there is no queue "${name}-gone" any more`,
    )
    const both = [1, 2].map(() => toExchange.publish(sampleEvent('after'), Deadline.in(5000)))
    for (const result of await Promise.allSettled(both)) {
      expect(result).toMatchObject({
        reason: { message: expect.stringContaining(`no exchange "${name}-gone"`) },
      })
    }
    for (const queue of [toQueue, toExchange]) queue.close?.()
  })

  test('creates the queue, durable, when asked to', async () => {
    const created = `${name} 新/1`
    const queue = openAmqpQueue(`amqp://${address}/?queue=${encodeURIComponent(created)}&declare=1`, CONTEXT)
    await queue.publish(sampleEvent('declared'), Deadline.in(5000))
    queue.close?.()
    await expect(admin.queueDeclare({ queue: created, durable: false })).rejects.toThrow(/durable/)
    expect(await messages(created)).toMatchObject([{ messageId: 'declared' }])
    await admin.queueDelete(created)
  })

  test('fails when the queue refuses the message', async () => {
    const full = `${name}-full`
    await admin.queueDeclare({
      queue: full,
      arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' },
    })
    const queue = openAmqpQueue(`amqp://${address}/?queue=${full}`, CONTEXT)
    await queue.publish(sampleEvent('fits'), Deadline.in(5000))
    await expect(queue.publish(sampleEvent('full'), Deadline.in(5000))).rejects.toThrow('(basic.nack)')
    queue.close?.()
    expect(await messages(full)).toMatchObject([{ messageId: 'fits' }])
    await admin.queueDelete(full)
  })
})
