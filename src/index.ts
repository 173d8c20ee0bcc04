import type { Context, IntegratedResponse, TimerEvent } from '@tencentcloud/serverless-nodejs-types'
import { type App, openApp, openLog } from './app'
import { ConfigError, type Serves } from './config/read-config'
import { toGatewayRequest } from './gateway/request'
import { toIntegratedResponse } from './gateway/response'
import { type Answer, comeAgain } from './gateway/answer'
import type { SweepReport } from './sweep/sweep'

let app: { readonly serves: Serves; readonly opened: Promise<App> } | null = null

/** Opened once an instance, at its first event; a configuration that cannot be used is tried, and reported, at each. */
function theApp(serves: Serves): Promise<App> {
  if (app === null || (app.serves === 'sweep' && serves === 'callbacks')) {
    const opened = openApp(process.env, openLog(process.env), serves).catch((error: unknown) => {
      app = null
      throw error
    })
    app = { serves, opened }
  }
  return app.opened
}

/** Trusts the context's types no more than the event's: a wrong one would become a wrong deadline. */
function remainingMs(context: Partial<Context> | undefined): number | null {
  const ask: unknown = context?.getRemainingTimeInMillis
  const ms: unknown = typeof ask === 'function' ? ask.call(context) : null
  return typeof ms === 'number' && Number.isFinite(ms) ? ms : null
}

/**
 * The function behind the callback URL: takes an API Gateway or function-URL event and returns an integrated response. It never throws.
 * Anything that is no HTTP request ends as 401.
 */
export async function main_handler(event: unknown, context?: Partial<Context>): Promise<IntegratedResponse> {
  try {
    const { relay } = await theApp('callbacks')
    const request = toGatewayRequest(event, context?.request_id ?? null)
    return toIntegratedResponse(await relay(request, { remainingMs: remainingMs(context) }))
  } catch (error) {
    return toIntegratedResponse(notServing(error, context?.request_id))
  }
}

/** Says in the log why, and answers 503. */
function notServing(error: unknown, requestId: string | undefined): Answer {
  const log = openLog(process.env)
  if (error instanceof ConfigError) {
    const { problems } = error
    log('fatal', 'not serving: the configuration is not usable', { problems, requestId })
    return comeAgain(
      'not-configured',
      'The function is not configured; its log says what is missing.',
      60_000,
    )
  }
  const stack = error instanceof Error ? error.stack : undefined
  log('fatal', 'not serving: a fault of the function itself', { error: String(error), stack, requestId })
  return comeAgain('internal', 'The function failed; its log says why.', 5_000)
}

/**
 * The function behind the timer: redelivers what waits in the outbox, reconciles with CI, tidies the store, and returns what it did. Throws when the
 * configuration is not usable, so that the cloud's console counts the invocation as failed.
 */
export async function sweep_handler(_event?: TimerEvent, context?: Partial<Context>): Promise<SweepReport> {
  try {
    const { sweep } = await theApp('sweep')
    return await sweep(remainingMs(context))
  } catch (error) {
    openLog(process.env)('fatal', 'not sweeping', { error: String(error), requestId: context?.request_id })
    throw error
  }
}
