import type { IntegratedResponse } from '@tencentcloud/serverless-nodejs-types'
import type { HandlerLine, HandlerProcess } from './handler-process'
import { functionUrlEvent } from './event-from-request'

/** What the function says of itself: schemes, never secrets. */
export interface About {
  readonly version?: string
  readonly queue: string | null
  readonly alerts: readonly string[]
  readonly store: string | null
}

/**
 * Opens the callback URL as a person would. Throws an Error that names every problem of the configuration when the function does not serve.
 *
 * @param linesSince what the handler has printed since this was called
 */
export async function probe(
  call: HandlerProcess['call'],
  token: string,
  linesSince: () => readonly HandlerLine[],
): Promise<About> {
  const body = Buffer.alloc(0)
  const request = { method: 'GET', target: `/${token}`, rawHeaders: [], body, sourceIp: '127.0.0.1' }
  const answer = (await call('main_handler', functionUrlEvent(request))) as IntegratedResponse
  if (answer.statusCode === 200) return JSON.parse(answer.body) as About
  const fatal = linesSince()
    .map(({ record }) => record)
    .find((record) => record !== null && record.level >= 60)
  const problems = Array.isArray(fatal?.['problems'])
    ? (fatal['problems'] as readonly string[])
    : [
        typeof fatal?.['error'] === 'string'
          ? fatal['error']
          : 'LOG_LEVEL: silent keeps the reason back; leave it out to see it',
      ]
  throw new Error(
    `the configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
  )
}
