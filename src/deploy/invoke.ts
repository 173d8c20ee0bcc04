import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { variablesOf } from './check-settings'
import { findFunction } from './functions'
import { run } from './package-function'
import type { Session } from './session'
import { textOption } from './serverless'

/** `serverless invoke -f NAME [--path FILE | --data TEXT]`: calls the deployed function and prints its answer and its log. */
export async function invokeDeployed(session: Session): Promise<void> {
  const { options, call, print } = session
  const name = session.functionName(functionOption(session))
  const path = textOption(options, 'path')
  const event = path === null ? (textOption(options, 'data') ?? '{}') : await readFile(path, 'utf8')
  if ((await findFunction(call, name)) === null)
    throw new Error(`${name} is not deployed: run \`npx serverless deploy\`.`)
  const answer = await call('scf', 'Invoke', {
    FunctionName: name,
    Namespace: 'default',
    InvocationType: 'RequestResponse',
    LogType: 'Tail',
    ClientContext: event,
  })
  const result = answer['Result'] as
    { RetMsg?: string; ErrMsg?: string; Log?: string; InvokeResult?: number } | undefined
  print(result?.RetMsg ?? '')
  if (result?.Log) session.log.notice(result.Log)
  if ((result?.InvokeResult ?? 0) !== 0)
    throw new Error(`${name} failed: ${result?.ErrMsg ?? `result ${String(result?.InvokeResult)}`}`)
  if (statusOf(result?.RetMsg) === 401) {
    session.log.notice(
      '401: the token in the event is not the deployed one. `npx serverless callback test` sends a sample with the right token.',
    )
  }
}

/** `serverless invoke local -f NAME --path FILE`: `npm run invoke` with the function's variables from serverless.yml. */
export async function invokeLocally(session: Session): Promise<void> {
  const { options, serverless } = session
  const key = functionOption(session)
  const data = textOption(options, 'data')
  let path = textOption(options, 'path')
  if (path === null && data !== null) {
    path = join(serverless.serviceDir, '.serverless', 'event.json')
    await mkdir(join(serverless.serviceDir, '.serverless'), { recursive: true })
    await writeFile(path, data)
  }
  if (path === null) throw new Error('Which event? Give --path events/NAME.json or --data \'{"…"}\'.')
  await run(serverless.serviceDir, 'scripts/build.mjs', ['--local'])
  const env = variablesOf(serverless.service.functions[key]?.environment?.variables)
  const code = await new Promise<number | null>((done, failed) => {
    spawn(process.execPath, [join(serverless.serviceDir, '.build', 'invoke.js'), resolve(path)], {
      cwd: serverless.serviceDir,
      env: { ...process.env, ...env },
      stdio: 'inherit',
    })
      .once('error', failed)
      .once('close', done)
  })
  if (code !== 0) throw new Error(`The handler did not answer (exit code ${String(code)}): see above.`)
}

function functionOption(session: Session): string {
  const key = textOption(session.options, 'function') ?? ''
  const names = Object.keys(session.serverless.service.functions)
  if (!names.includes(key)) throw new Error(`There is no function ${key}: -f takes ${names.join(' or ')}.`)
  return key
}

function statusOf(answer: string | undefined): unknown {
  try {
    return (JSON.parse(answer ?? '') as { statusCode?: unknown } | null)?.statusCode
  } catch {
    return null
  }
}
