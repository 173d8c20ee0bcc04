import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { IntegratedResponse } from '@tencentcloud/serverless-nodejs-types'
import { apiGatewayEvent, functionUrlEvent, isForApiGateway } from './event-from-request'

/** The handler itself refuses what is over 6 MiB; this is where the gateway stops reading. */
const LONGEST_BODY = 8 * 1024 * 1024

/** Longer than any call may last. */
const CLOSE_MS = 12_000

export interface LocalGateway {
  /** `http://127.0.0.1:9000` */
  readonly origin: string
  /** Stops listening; resolves when every request that is in has its answer. */
  readonly close: () => Promise<void>
}

/**
 * Listens, makes a gateway event of each request and answers what the handler says. `call` may throw: that is a 502 here.
 * Rejects with an Error that says what to do when the address cannot be had.
 */
export function openGateway(options: {
  readonly host: string
  readonly port: number
  readonly call: (event: unknown, requestId: string) => Promise<unknown>
  readonly onFault: (message: string) => void
}): Promise<LocalGateway> {
  const { host, port } = options
  let closing = false

  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      options.onFault(error instanceof Error ? error.message : String(error))
      if (!response.headersSent)
        send(response, failure(502, 'The handler failed; the terminal of npm start says why.'))
    })
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    if (body === null) {
      send(response, failure(413, 'The body is larger than any gateway passes on.'))
      return
    }
    const raw = {
      method: request.method ?? 'GET',
      target: request.url ?? '/',
      rawHeaders: request.rawHeaders,
      body,
      sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
    }
    const requestId = randomUUID()
    const event = isForApiGateway(raw.target) ? apiGatewayEvent(raw, requestId) : functionUrlEvent(raw)
    const value = await options.call(event, requestId)
    // A connection kept alive would keep the gateway alive.
    if (closing) response.setHeader('Connection', 'close')
    if (!isIntegratedResponse(value))
      throw new Error('the handler answered something that is no integrated response')
    send(response, value)
  }

  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)))
    server.listen(port, host, () => {
      const shown =
        host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host
      resolve({
        origin: `http://${shown}:${(server.address() as AddressInfo).port}`,
        close: () => {
          closing = true
          return new Promise((closed) => {
            const impatience = setTimeout(() => server.closeAllConnections(), CLOSE_MS)
            server.close(() => {
              clearTimeout(impatience)
              closed()
            })
          })
        },
      })
    })
  })
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
    case 'ENOTFOUND':
      return new Error('HOST: this machine has no such address; use 127.0.0.1, or 0.0.0.0 for all of them')
    default:
      return new Error(`cannot listen on ${host}, port ${port}: ${error.message}`)
  }
}

/** The whole body; null when it is too long, which is read to its end all the same so that the client hears the answer. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= LONGEST_BODY) chunks.push(chunk)
    else chunks.length = 0
  }
  return length > LONGEST_BODY ? null : Buffer.concat(chunks)
}

function isIntegratedResponse(value: unknown): value is IntegratedResponse {
  if (typeof value !== 'object' || value === null) return false
  const { statusCode, headers, body } = value as Partial<IntegratedResponse>
  return Number.isInteger(statusCode) && typeof headers === 'object' && typeof body === 'string'
}

function failure(statusCode: number, message: string): IntegratedResponse {
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
