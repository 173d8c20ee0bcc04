/** An HTTP request, whichever trigger brought it. */
export interface GatewayRequest {
  readonly method: string
  readonly path: string
  /** Every parameter with every value it came with. */
  readonly query: readonly (readonly [name: string, value: string])[]
  readonly body: string
  /** Whether `body` is base64; null when the trigger did not say. */
  readonly base64: boolean | null
  readonly requestId: string | null
  readonly sourceIp: string | null
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Makes a request of an API Gateway event (583/12513) or a function-URL event (583/96099). Trusts nothing about the event's types:
 * what is missing or of another type counts as absent, so that a broken event ends as 401, never as an error.
 */
export function toGatewayRequest(event: unknown, contextRequestId: string | null): GatewayRequest {
  const fields = fieldsOf(event)
  const context = fieldsOf(fields['requestContext'])
  const headers = lowerCased(fieldsOf(fields['headers']))
  // Behind API Gateway a header is the client's own word; before a function URL the platform writes these, whatever the client sent.
  const ofPlatform = isApiGateway(context) ? {} : headers
  return {
    method: (textOf(fields['httpMethod']) ?? textOf(context['httpMethod']) ?? '').toUpperCase(),
    path: (textOf(fields['path']) ?? textOf(context['path']) ?? '').split('?', 1)[0] ?? '',
    query: [...queryOf(fields['queryString']), ...queryOf(fields['queryStringParameters'])],
    ...bodyOf(fields['body'], fields['isBase64Encoded']),
    requestId: contextRequestId ?? textOf(context['requestId']) ?? ofPlatform['x-scf-request-id'] ?? null,
    // Of a function URL the context's address is not said to be the client's.
    sourceIp:
      ofPlatform['x-scf-remote-addr'] ??
      textOf(context['sourceIp']) ??
      textOf(fieldsOf(context['identity'])['sourceIp']),
  }
}

/** API Gateway says of which service and stage it is. */
function isApiGateway(context: Fields): boolean {
  return Object.hasOwn(context, 'serviceId') || Object.hasOwn(context, 'stage')
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

/** A trigger may have parsed a JSON body already. */
function bodyOf(body: unknown, flag: unknown): Pick<GatewayRequest, 'body' | 'base64'> {
  if (typeof body === 'object' && body !== null) return { body: JSON.stringify(body), base64: false }
  const isSaid = flag === true || flag === 'true' || flag === false || flag === 'false'
  return { body: textOf(body) ?? '', base64: isSaid ? String(flag) === 'true' : null }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function lowerCased(headers: Fields): Record<string, string> {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name.toLowerCase(), value] as const] : [],
  )
  return Object.fromEntries(entries)
}

/** A query as text (function URL) or as an object of texts or lists (API Gateway). */
function queryOf(value: unknown): (readonly [string, string])[] {
  if (typeof value === 'string') return [...new URLSearchParams(value)]
  return Object.entries(fieldsOf(value)).flatMap(([name, item]) =>
    (Array.isArray(item) ? (item as unknown[]) : [item]).flatMap((text) =>
      typeof text === 'string' ? [[name, text] as const] : [],
    ),
  )
}
