import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Credentials } from '../../src/tencent/credentials'

export interface FakeCmq {
  readonly address: string
  /** Bodies of the messages taken, oldest first. */
  messages: string[]
  /** What the next request is answered instead of the service's own words. */
  answer: { status: number; body: string; headers?: Record<string, string> } | null
  close(): void
}

/** The commonest refusals of CMQ; cloud.tencent.com/document/product/406/5906. */
const refusal = {
  signature: { code: 4100, message: '(100004)authentication failed' },
  parameter: (name: string) => ({ code: 4000, message: `(10050)parameter ${name} is wrong` }),
  queue: { code: 4440, message: '(10100)queue is not existed, please check your queueName' },
}

/** TDMQ for CMQ's SendMessage for one queue and one key pair, as strict as its documents (406/5906, 1496/70952). */
export async function startFakeCmq(queue: string, credentials: Credentials): Promise<FakeCmq> {
  const judge = (request: IncomingMessage, body: string): object => {
    const form = new URLSearchParams(body)
    const wrong = (name: string, right: boolean): boolean => form.getAll(name).length !== 1 || !right
    if (request.method !== 'POST' || request.url !== '/v2/index.php') return refusal.parameter('path')
    if (request.headers['content-type'] !== 'application/x-www-form-urlencoded')
      return refusal.parameter('content-type')
    const text = [...form.entries()]
      .filter(([name]) => name !== 'Signature')
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
      .join('&')
    const mac = createHmac('sha256', credentials.secretKey)
    const signature = mac.update(`POST${request.headers.host ?? ''}/v2/index.php?${text}`).digest('base64')
    if (form.get('Signature') !== signature) return refusal.signature
    if (form.get('SecretId') !== credentials.secretId) return refusal.signature
    if (form.get('Token') !== credentials.sessionToken) return refusal.signature
    if (wrong('SignatureMethod', form.get('SignatureMethod') === 'HmacSHA256'))
      return refusal.parameter('SignatureMethod')
    if (wrong('Action', form.get('Action') === 'SendMessage')) return refusal.parameter('Action')
    if (wrong('Nonce', /^[1-9]\d*$/.test(form.get('Nonce') ?? ''))) return refusal.parameter('Nonce')
    const age = Math.abs(Date.now() / 1000 - Number(form.get('Timestamp')))
    if (wrong('Timestamp', age < 300)) return refusal.parameter('Timestamp')
    if (wrong('delaySeconds', form.get('delaySeconds') === '0')) return refusal.parameter('delaySeconds')
    const message = form.get('msgBody') ?? ''
    if (wrong('msgBody', message !== '' && Buffer.byteLength(message) <= 1_048_576))
      return refusal.parameter('msgBody')
    if (wrong('queueName', form.get('queueName') === queue)) return refusal.queue
    fake.messages.push(message)
    return { code: 0, message: '', requestId: '14534664555', msgId: String(fake.messages.length) }
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { status, body, headers } = fake.answer ?? {
        status: 200,
        body: JSON.stringify(judge(request, Buffer.concat(chunks).toString())),
      }
      response.writeHead(status, headers).end(body)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const fake: FakeCmq = {
    address: `127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    messages: [],
    answer: null,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
  return fake
}
