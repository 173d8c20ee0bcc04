import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tokensIn } from '../config'
import { harmlessJson } from '../local/harmless'
import { variablesOf } from './check-settings'
import { eventWithToken } from './event-with-token'
import { findFunction } from './functions'
import { run } from './package-function'
import type { Session } from './session'
import { textOption } from './serverless'

/**
 * `serverless invoke -f NAME [--path FILE | --data TEXT]`: calls the deployed function and prints its answer and its log. The
 * samples of events/ get the deployed token.
 */
export async function invokeDeployed(session: Session): Promise<void> {
  const { call, print, stage } = session
  const name = session.functionName(functionOption(session))
  const found = await findFunction(call, name)
  if (found === null)
    throw new Error(`${name} is not deployed: run \`npx serverless deploy --stage ${stage}\`.`)
  const [token] = tokensIn(found.variables['CALLBACK_TOKEN'])
  const event = (await eventOption(session)) ?? '{}'
  const answer = await call('scf', 'Invoke', {
    FunctionName: name,
    Namespace: 'default',
    InvocationType: 'RequestResponse',
    LogType: 'Tail',
    ClientContext: token === undefined ? event : eventWithToken(event, token),
  })
  const result = (answer['Result'] ?? {}) as {
    RetMsg?: string
    ErrMsg?: string
    Log?: string
    InvokeResult?: number
  }
  print(harmlessJson(result.RetMsg ?? ''))
  if (result.Log) session.log.notice(harmlessJson(result.Log))
  if ((result.InvokeResult ?? 0) !== 0)
    throw new Error(`${name} failed: ${result.ErrMsg || `result ${String(result.InvokeResult)}`}`)
}

/**
 * `serverless invoke local -f NAME --path FILE [--env NAME=VALUE]`: `npm run invoke` with the function's variables, so that it
 * delivers where the deployed one would; `--env` puts others in their place.
 */
export async function invokeLocally(session: Session): Promise<void> {
  const { options, serverless } = session
  const key = functionOption(session)
  const given = await eventOption(session)
  if (given === null) throw new Error('Which event? Give --path events/NAME.json or --data \'{"…"}\'.')
  const overrides = (options['env'] ?? []) as string | string[]
  const env: Record<string, string> = {
    ...variablesOf(serverless.service.functions[key]?.environment?.variables),
    ...Object.fromEntries(
      [overrides]
        .flat()
        .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const),
    ),
  }
  const [token] = tokensIn(env['CALLBACK_TOKEN'])
  await run(serverless.serviceDir, 'scripts/build.mjs', ['--local'])
  const child = spawn(process.execPath, [join(serverless.serviceDir, '.build', 'invoke.js'), '-'], {
    cwd: serverless.serviceDir,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  child.stdin.end(token === undefined ? given : eventWithToken(given, token))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error('The answer was none of 2xx: see above.')
}

async function eventOption({ options }: Session): Promise<string | null> {
  const path = textOption(options, 'path')
  return path === null ? textOption(options, 'data') : readFile(path, 'utf8')
}

function functionOption(session: Session): string {
  const key = textOption(session.options, 'function') ?? ''
  const names = Object.keys(session.serverless.service.functions)
  if (!names.includes(key)) throw new Error(`There is no function ${key}: -f takes ${names.join(' or ')}.`)
  return key
}
