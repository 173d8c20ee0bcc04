import type { Grammar } from '../../net/follow'

/** Bytes; the largest frame that RabbitMQ sends and takes by default, and the largest message that it may return. */
export const LARGEST_FRAME = 131_072
const LARGEST_BODY = 64 * 2 ** 20
/** Bytes; the longest name that AMQP knows. */
export const LONGEST_NAME = 255

const METHOD = 1
const CONTENT_HEADER = 2
const BODY = 3
/** A frame of a method, a content header, a body, a heartbeat. */
const FRAME_TYPES = new Set([METHOD, CONTENT_HEADER, BODY, 8])
const FRAME_END = 0xce
/** Type, channel and size before a frame's payload, one byte after it. */
const HEAD = 7
const AROUND = HEAD + 1

const BASIC = 60
const PUBLISH = 40
const MANDATORY = 1
const CONTENT_TYPE = 'application/cloudevents+json'
/** The properties that are given: content type, headers, delivery mode, message id, timestamp (AMQP 0-9-1, 4.2.6.1). */
const PROPERTIES = 0x8000 | 0x2000 | 0x1000 | 0x0080 | 0x0040
/** The type of a header that is a long string. */
const LONG_STRING = 0x53
const PERSISTENT = 2

export interface Message {
  /** 255 bytes at most. */
  readonly id: string
  /** ASCII. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
  /** Of the body, in bytes. */
  readonly size: number
}

/**
 * Makes the frames of messages to one place, in one piece: persistent and mandatory. Written by hand, since the client library spends most of a
 * publish on its streams; several messages go out in one write.
 *
 * `frameMax`: bytes, as agreed with the broker.
 */
export function framesTo(
  channel: number,
  exchange: string,
  routingKey: string,
  frameMax: number,
): (message: Message, seconds: number) => Buffer {
  const publish = publishFrame(channel, exchange, routingKey)
  const contentType = shortString(CONTENT_TYPE)
  const largest = frameMax - AROUND
  return ({ id, headers, body, size }, seconds) => {
    const idBytes = Buffer.byteLength(id)
    const tableSize = headers.reduce((sum, [name, value]) => sum + 1 + name.length + 1 + 4 + value.length, 0)
    const properties = 14 + contentType.length + 4 + tableSize + 1 + 1 + idBytes + 8
    const bodies = Math.ceil(size / largest)
    const frames = Buffer.allocUnsafe(publish.length + AROUND + properties + bodies * AROUND + size)
    let at = publish.copy(frames)

    at = writeHead(frames, at, CONTENT_HEADER, channel, properties)
    at = frames.writeUInt16BE(BASIC, at)
    at = frames.writeUInt16BE(0, at)
    at = frames.writeUInt32BE(0, at)
    at = frames.writeUInt32BE(size, at)
    at = frames.writeUInt16BE(PROPERTIES, at)
    at += contentType.copy(frames, at)
    at = frames.writeUInt32BE(tableSize, at)
    for (const [name, value] of headers) at = writeHeader(frames, at, name, value)
    at = frames.writeUInt8(PERSISTENT, at)
    at = frames.writeUInt8(idBytes, at)
    at += frames.write(id, at)
    at = frames.writeUInt32BE(0, at)
    at = frames.writeUInt32BE(seconds, at)
    at = frames.writeUInt8(FRAME_END, at)

    const bytes = bodies === 1 ? null : Buffer.from(body)
    for (let from = 0; from < size; from += largest) {
      const length = Math.min(largest, size - from)
      at = writeHead(frames, at, BODY, channel, length)
      at += bytes === null ? frames.write(body, at) : bytes.copy(frames, at, from, from + length)
      at = frames.writeUInt8(FRAME_END, at)
    }
    return frames
  }
}

function publishFrame(channel: number, exchange: string, routingKey: string): Buffer {
  const method = Buffer.alloc(6)
  method.writeUInt16BE(BASIC, 0)
  method.writeUInt16BE(PUBLISH, 2)
  const payload = Buffer.concat([
    method,
    shortString(exchange),
    shortString(routingKey),
    Buffer.of(MANDATORY),
  ])
  const head = Buffer.alloc(HEAD)
  writeHead(head, 0, METHOD, channel, payload.length)
  return Buffer.concat([head, payload, Buffer.of(FRAME_END)])
}

function writeHead(frames: Buffer, at: number, type: number, channel: number, size: number): number {
  frames.writeUInt8(type, at)
  frames.writeUInt16BE(channel, at + 1)
  return frames.writeUInt32BE(size, at + 3)
}

function shortString(text: string): Buffer {
  return Buffer.concat([Buffer.of(Buffer.byteLength(text)), Buffer.from(text)])
}

function writeHeader(frames: Buffer, at: number, name: string, value: string): number {
  at = frames.writeUInt8(name.length, at)
  at += frames.write(name, at, 'latin1')
  at = frames.writeUInt8(LONG_STRING, at)
  at = frames.writeUInt32BE(value.length, at)
  return at + frames.write(value, at, 'latin1')
}

/** What a broker sends (AMQP 0-9-1, 4.2.3): the client would wait for a frame of any length, and make room for a body of any length. */
export function* framesOfBroker(): Grammar {
  for (;;) {
    const head = yield { see: HEAD }
    const type = head.readUInt8(0)
    const size = head.readUInt32BE(3)
    if (!FRAME_TYPES.has(type)) throw new Error('what answers there does not speak AMQP 0-9-1')
    if (size > LARGEST_FRAME) throw new Error('the broker sends a frame that is too large')
    if (type === CONTENT_HEADER && size >= 12) {
      const content = yield { see: 12 }
      if (content.readBigUInt64BE(4) > LARGEST_BODY) throw new Error('the broker returns what nobody sent')
      yield { skip: size - 11 }
    } else yield { skip: size + 1 }
  }
}
