import type { APIGatewayEvent, FunctionUrlEvent } from '@tencentcloud/serverless-nodejs-types'
import { API_GATEWAY_PREFIX } from './event-from-request'

/** The HTTP request that would make the local gateway build an event like this one. */
export interface OutgoingRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** The connection's own business, or set by the platform. */
const NOT_SENT = /^(host|connection|content-length|transfer-encoding|x-scf-.*)$/i

export function requestOf(event: APIGatewayEvent | FunctionUrlEvent): OutgoingRequest {
  const prefix = event.requestContext && 'stage' in event.requestContext ? API_GATEWAY_PREFIX : ''
  const query = queryText(event.queryString)
  return {
    method: event.httpMethod,
    path: prefix + event.path + (query === '' ? '' : `?${query}`),
    headers: Object.fromEntries(Object.entries(event.headers).filter(([name]) => !NOT_SENT.test(name))),
    body: Buffer.from(event.body ?? '', event.isBase64Encoded === true ? 'base64' : 'utf8'),
  }
}

function queryText(query: FunctionUrlEvent['queryString']): string {
  if (typeof query === 'string') return query
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((one): [string, string] => [name, one]),
  )
  return new URLSearchParams(pairs).toString()
}
