import type { Context, IntegratedResponse } from '@tencentcloud/serverless-nodejs-types'
import { type App, openApp, openLog } from './app'
import { ConfigError } from './config'
import { toGatewayRequest } from './gateway/request'
import { toIntegratedResponse } from './gateway/response'
import { comeAgain } from './relay/answer'

let app: Promise<App> | null = null

/** Opened once an instance, at its first event; a configuration that cannot be used is tried, and reported, at each. */
function theApp(): Promise<App> {
  app ??= openApp(process.env, openLog(process.env)).catch((error: unknown) => {
    app = null
    throw error
  })
  return app
}

/**
 * The function behind the callback URL: takes an API Gateway or function-URL event and returns an integrated response. It never throws.
 * Anything that is no HTTP request ends as 401.
 */
export async function main_handler(event: unknown, context?: Partial<Context>): Promise<IntegratedResponse> {
  try {
    const { relay } = await theApp()
    const request = toGatewayRequest(event, context?.request_id ?? null)
    return toIntegratedResponse(
      await relay(request, { remainingMs: context?.getRemainingTimeInMillis?.() ?? null }),
    )
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems : undefined
    openLog(process.env)('fatal', 'not serving: the configuration is not usable', {
      ...(problems ? { problems } : { error: String(error), stack: (error as Error).stack }),
      requestId: context?.request_id,
    })
    return toIntegratedResponse(
      comeAgain('not-configured', 'The function is not configured; its log says what is missing.', 60_000),
    )
  }
}
