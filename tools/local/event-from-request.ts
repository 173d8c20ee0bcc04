import { isUtf8 } from 'node:buffer'
import type { APIGatewayEvent, FunctionUrlEvent, StringMap } from '@tencentcloud/serverless-nodejs-types'

/** A request as node:http hands it over, body read. */
export interface RawRequest {
  readonly method: string
  /** The request line's target: `/local?x=1`. */
  readonly target: string
  /** Names and values in turn, as sent. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  readonly sourceIp: string
}

/** Below this path the gateway speaks as API Gateway does; elsewhere as a function URL. */
export const API_GATEWAY_PREFIX = '/apigw'

export function isForApiGateway(target: string): boolean {
  return new RegExp(`^${API_GATEWAY_PREFIX}(?:[/?]|$)`).test(target)
}

/** The event of a function-URL request (583/96099): header names in lower case, the query as text. */
export function functionUrlEvent(request: RawRequest): FunctionUrlEvent {
  const [path, queryString] = splitTarget(request.target)
  const binary = isBinary(request)
  return {
    ...(request.body.length === 0 ? {} : { body: request.body.toString(binary ? 'base64' : 'utf8') }),
    // Documented for API Gateway only; without it nobody could tell.
    ...(binary ? { isBase64Encoded: true } : {}),
    headers: {
      ...headersOf(request.rawHeaders, (name) => name.toLowerCase()),
      // Set by the platform, whatever the client sent.
      'x-scf-remote-addr': request.sourceIp,
    },
    httpMethod: request.method,
    path,
    queryString,
    requestContext: { sourceIp: request.sourceIp },
  }
}

/** The event of an integrated API Gateway request (583/12513): header names as sent, the query as an object. */
export function apiGatewayEvent(request: RawRequest, requestId: string): APIGatewayEvent {
  const [whole, query] = splitTarget(request.target)
  const path = whole.slice(API_GATEWAY_PREFIX.length) || '/'
  const binary = isBinary(request)
  return {
    requestContext: {
      serviceId: 'service-local',
      path: path.slice(0, path.lastIndexOf('/')) || '/',
      httpMethod: request.method,
      requestId,
      identity: {},
      sourceIp: request.sourceIp,
      stage: 'release',
    },
    headers: headersOf(request.rawHeaders, (name) => name),
    body: request.body.toString(binary ? 'base64' : 'utf8'),
    isBase64Encoded: binary,
    pathParameters: {},
    // What was configured in the gateway: nothing.
    queryStringParameters: {},
    headerParameters: {},
    stageVariables: { stage: 'release' },
    path,
    queryString: queryObject(query),
    httpMethod: request.method,
  }
}

/** Bytes that are no text, or are said to be none. */
function isBinary({ body, rawHeaders }: RawRequest): boolean {
  if (body.length === 0) return false
  const type = headersOf(rawHeaders, (name) => name.toLowerCase())['content-type'] ?? ''
  return /^application\/octet-stream\b/i.test(type) || !isUtf8(body)
}

function splitTarget(target: string): readonly [path: string, query: string] {
  const mark = target.indexOf('?')
  return mark === -1 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)]
}

function headersOf(raw: readonly string[], named: (name: string) => string): StringMap {
  const headers = new Map<string, string>()
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = named(raw[index] ?? '')
    const value = raw[index + 1] ?? ''
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return Object.fromEntries(headers)
}

function queryObject(query: string): Record<string, string | string[]> {
  const parameters = new URLSearchParams(query)
  const names = [...new Set(parameters.keys())]
  return Object.fromEntries(
    names.map((name) => {
      const [first = '', ...more] = parameters.getAll(name)
      return [name, more.length === 0 ? first : [first, ...more]]
    }),
  )
}
