import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tokensIn } from '../../../src/config/read-config'
import { reasonOf } from '../../../src/net/reason-of'
import { harmlessJson } from '../../local/harmless'
import { variablesOf } from '../variables'
import { eventWithToken } from '../../local/event-with-token'
import { functionOption } from './function-option'
import { findFunction, NAMESPACE } from '../cloud/functions'
import { run } from './package-function'
import type { Session } from '../session'
import { textOption } from '../serverless'

/**
 * `serverless invoke -f NAME [--path FILE | --data TEXT]`: calls the deployed function and prints its answer and its log. The
 * samples of events/ get the deployed token.
 */
export async function invokeDeployed(session: Session): Promise<void> {
  const { call, print } = session
  const name = session.functionName(functionOption(session))
  const found = await findFunction(call, name)
  if (found === null) throw new Error(`${name} is not deployed: run \`npx serverless deploy\`.`)
  const [token] = tokensIn(found.variables['CALLBACK_TOKEN'])
  const event = (await eventOption(session)) ?? '{}'
  const answer = await call('scf', 'Invoke', {
    FunctionName: name,
    Namespace: NAMESPACE,
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
  // `InvokeResult` is no longer maintained: of a fault there are words.
  if (result.ErrMsg || (result.InvokeResult ?? 0) !== 0)
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
  await run(serverless.serviceDir, 'tools/build/build.mjs', ['--local'])
  const child = spawn(process.execPath, [join(serverless.serviceDir, '.build', 'relay.js'), 'invoke', '-'], {
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
  if (path === null) return textOption(options, 'data')
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw new Error(`--path ${path} cannot be read (${reasonOf(error)}): the samples are events/NAME.json.`)
  })
}
