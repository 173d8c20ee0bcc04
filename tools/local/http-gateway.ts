import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { IntegratedResponse } from '@tencentcloud/serverless-nodejs-types'
import { toGatewayRequest } from '../../src/gateway/request'
import { toIntegratedResponse } from '../../src/gateway/response'
import { type Answer, comeAgain, refusal } from '../../src/gateway/answer'
import { authenticator, offeredSecrets } from '../../src/relay/authenticate'
import { LONGEST_BODY } from '../../src/relay/longest-body'
import { type Body, holdBodies } from './bodies'
import { boundConnections } from './connections'
import { apiGatewayEvent, functionUrlEvent, isForApiGateway } from './event-from-request'
import { type ListenAddress, NO_SUCH_ADDRESS } from './listen-address'
import { strangerAt } from './stranger'

/** Longer than any call may last. */
const CLOSE_MS = 12_000

/** What a client may take its time for. Node.js answers 408 when it is over. */
const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
} as const

const MOST_CALLS = 256

/** What the gateway says when it does not ask the handler. */
type OwnAnswer = Answer | { readonly statusCode: number; readonly message: string }

export interface LocalGateway {
  /** `http://127.0.0.1:9000` */
  readonly origin: string
  /** Stops listening; resolves when every request that was wholly in has its answer. What was still coming in is answered 503. */
  readonly close: () => Promise<void>
}

/**
 * Listens, makes a gateway event of each request and answers what the handler says. `call` may throw: that is a 502 here. Whoever has no token is
 * known by the headers, by the relay's own rule: the handler refuses the request, and its body is never read.
 * Rejects with an Error that says what to do when the address cannot be had.
 */
export function openGateway(options: {
  readonly address: ListenAddress
  readonly tokens: readonly string[]
  readonly call: (event: unknown, requestId: string) => Promise<unknown>
  /** A request that the handler has not seen was answered so. */
  readonly onRefused: (status: number, why: string) => void
  readonly onFault: (message: string) => void
}): Promise<LocalGateway> {
  const { host, address, port } = options.address
  const isAuthentic = authenticator(options.tokens)
  const bodies = holdBodies()
  const server = createServer(LIMITS)
  const connections = boundConnections(server)
  let calls = 0
  let isClosing = false

  server.on('request', (request, response) => take(request, response, () => {}))
  server.on('checkContinue', (request, response) => take(request, response, () => response.writeContinue()))

  function take(request: IncomingMessage, response: ServerResponse, beforeReading: () => void): void {
    const { socket } = request
    if (connections.isOver(socket)) return
    connections.begin(socket)
    response.once('close', () => connections.finish(socket))
    void answer(request, response, beforeReading).catch((error: unknown) => {
      options.onFault(error instanceof Error ? error.message : String(error))
      end(request, response)
      if (!response.headersSent)
        send(response, own(502, 'The handler failed; the terminal of npm start says why.'))
    })
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    beforeReading: () => void,
  ): Promise<void> {
    const stranger = strangerAt(request, host)
    if (stranger !== null) {
      refuse(request, response, stranger)
      return
    }
    const requestId = randomUUID()
    const { path, query } = toGatewayRequest(eventOf(request, NOTHING, requestId), null)
    if (!isAuthentic(offeredSecrets(path, query))) {
      end(request, response)
      // The handler says so itself, and its log that somebody has tried.
      await passOn(request, response, NOTHING, requestId)
      return
    }
    if (isClosing || calls >= MOST_CALLS) {
      refuse(request, response, whyNotRead(isClosing ? 'stopped' : 'too-many'))
      return
    }
    calls += 1
    connections.admit(request.socket)
    try {
      await bodies.hold(
        request,
        async (body) => {
          if (body.kind === 'gone') return
          if (body.kind !== 'whole') refuse(request, response, whyNotRead(body.kind))
          else await passOn(request, response, body.bytes, requestId)
        },
        beforeReading,
      )
    } finally {
      calls -= 1
    }
  }

  async function passOn(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    requestId: string,
  ): Promise<void> {
    const value = await options.call(eventOf(request, body, requestId), requestId)
    // A connection kept alive would keep the gateway alive.
    if (isClosing) end(request, response)
    if (!isIntegratedResponse(value))
      throw new Error('the handler answered something that is no integrated response')
    send(response, value)
  }

  function refuse(request: IncomingMessage, response: ServerResponse, why: OwnAnswer): void {
    const answer = 'status' in why ? toIntegratedResponse(why) : own(why.statusCode, why.message)
    options.onRefused(answer.statusCode, 'status' in why ? String(why.body['message']) : why.message)
    end(request, response)
    send(response, answer)
  }

  /** What the client has still to say is not listened to. */
  function end(request: IncomingMessage, response: ServerResponse): void {
    if (!response.headersSent) response.setHeader('Connection', 'close')
    connections.endAfterAnswer(request.socket)
    request.resume()
  }

  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)))
    server.listen(port, address, () => {
      resolve({
        origin: `http://${shownHost(host)}:${(server.address() as AddressInfo).port}`,
        close: () =>
          new Promise((closed) => {
            isClosing = true
            const impatience = setTimeout(() => server.closeAllConnections(), CLOSE_MS)
            server.close(() => {
              clearTimeout(impatience)
              closed()
            })
            connections.endAll()
            bodies.stop()
          }),
      })
    })
  })
}

const NOTHING = Buffer.alloc(0)

function eventOf(request: IncomingMessage, body: Buffer, requestId: string): unknown {
  const raw = {
    method: request.method ?? 'GET',
    target: request.url ?? '/',
    rawHeaders: request.rawHeaders,
    body,
    sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
  }
  return isForApiGateway(raw.target) ? apiGatewayEvent(raw, requestId) : functionUrlEvent(raw)
}

function whyNotRead(why: Exclude<Body['kind'], 'whole' | 'gone'>): Answer {
  switch (why) {
    case 'too-long':
      return refusal(413, 'too-large', `The body is larger than ${LONGEST_BODY} bytes.`)
    case 'too-many':
      return comeAgain('busy', 'Too much is coming in at once.', 1_000)
    case 'stopped':
      return comeAgain('stopping', 'npm start was stopped before the body was here.', 1_000)
  }
}

function shownHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code ?? '') {
    case 'EADDRINUSE':
      return new Error(
        `port ${port} on ${host} is in use: stop what listens there, or choose another with PORT=… (0: any free one)`,
      )
    case 'EACCES':
      return new Error(`port ${port} on ${host} is not allowed to you: choose one above 1023 with PORT=…`)
    case 'EADDRNOTAVAIL':
      return new Error(NO_SUCH_ADDRESS)
    default:
      return new Error(`cannot listen on ${host}, port ${port}: ${error.message}`)
  }
}

function isIntegratedResponse(value: unknown): value is IntegratedResponse {
  if (typeof value !== 'object' || value === null) return false
  const { statusCode, headers, body } = value as Partial<IntegratedResponse>
  return Number.isInteger(statusCode) && typeof headers === 'object' && typeof body === 'string'
}

function own(statusCode: number, message: string): IntegratedResponse {
  const headers = { 'Content-Type': 'application/json; charset=utf-8' }
  return {
    isBase64Encoded: false,
    statusCode,
    headers,
    body: JSON.stringify({ error: 'local-gateway', message }),
  }
}

function send(
  response: ServerResponse,
  { statusCode, headers, body, isBase64Encoded }: IntegratedResponse,
): void {
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8')
  response.writeHead(statusCode, { ...headers, 'Content-Length': bytes.length })
  response.end(bytes)
}
