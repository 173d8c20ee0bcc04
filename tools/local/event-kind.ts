import type { APIGatewayEvent, FunctionUrlEvent, TimerEvent } from '@tencentcloud/serverless-nodejs-types'

export type HttpEvent = APIGatewayEvent | FunctionUrlEvent

export type WholeEvent =
  | { readonly kind: 'http'; readonly event: HttpEvent }
  | { readonly kind: 'timer'; readonly event: TimerEvent }

/** Which kind of event a parsed file holds; null when it is no event (a bare callback, perhaps). */
export function eventKind(value: unknown): WholeEvent | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const fields = value as {
    Type?: unknown
    httpMethod?: unknown
    requestContext?: { httpMethod?: unknown } | null
  }
  if (fields.Type === 'Timer') return { kind: 'timer', event: value as TimerEvent }
  if (typeof (fields.httpMethod ?? fields.requestContext?.httpMethod) !== 'string') return null
  return {
    kind: 'http',
    event: { headers: {}, path: '/', queryString: {}, ...value } as HttpEvent,
  }
}
