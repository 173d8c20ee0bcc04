/**
 * Types of Tencent Cloud SCF functions on Node.js: the events that reach one, its context, its answer.
 *
 * `@tencentcloud/serverless-nodejs-types` exists on no registry, so its types live here under that name.
 * Sources: cloud.tencent.com/document/product/583/12513 (API Gateway), 583/96099 (function URL), 583/9708 (timer),
 * 583/11060 (Node.js runtime).
 */

export type StringMap = Readonly<Record<string, string>>

/** What both HTTP triggers have in common. `isBase64Encoded` is documented for neither request; build for both. */
interface HttpEvent {
  readonly httpMethod: string
  readonly path: string
  /** Header names come in any case from API Gateway, in lower case from a function URL. */
  readonly headers: StringMap
  /** At most 6 MB. */
  readonly body?: string
  readonly isBase64Encoded?: boolean
}

/** An API Gateway integrated request (583/12513). */
export interface APIGatewayEvent extends HttpEvent {
  readonly requestContext: {
    readonly serviceId: string
    readonly path: string
    readonly httpMethod: string
    readonly requestId: string
    readonly identity: StringMap
    readonly sourceIp: string
    readonly stage: string
  }
  /** The whole query. */
  readonly queryString: Readonly<Record<string, string | readonly string[]>>
  /** Only those parameters that the gateway was told of. */
  readonly queryStringParameters: StringMap
  readonly pathParameters: StringMap
  readonly headerParameters: StringMap
  readonly stageVariables: StringMap
}

/** A function-URL request to an event function (583/96099). The client's address is `headers['x-scf-remote-addr']`. */
export interface FunctionUrlEvent extends HttpEvent {
  readonly queryString: string | Readonly<Record<string, string | readonly string[]>>
  readonly requestContext?: { readonly sourceIp?: string; readonly requestId?: string }
}

/** A timer trigger (583/9708). */
export interface TimerEvent {
  readonly Type: 'Timer'
  readonly TriggerName: string
  /** ISO 8601, UTC. */
  readonly Time: string
  readonly Message: string
}

/** The integrated response: the only answer that both HTTP triggers pass on as it is. */
export interface IntegratedResponse {
  readonly isBase64Encoded: boolean
  readonly statusCode: number
  readonly headers: StringMap
  readonly body: string
}

/** The second argument of a handler (583/11060). */
export interface Context {
  readonly request_id: string
  readonly function_name: string
  readonly function_version: string
  readonly namespace: string
  readonly memory_limit_in_mb: number
  readonly time_limit_in_ms: number
  readonly tencentcloud_region: string
  readonly tencentcloud_appid: string
  callbackWaitsForEmptyEventLoop: boolean
  getRemainingTimeInMillis(): number
}

export type Handler<Event, Answer> = (event: Event, context: Context) => Promise<Answer>
