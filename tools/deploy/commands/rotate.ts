import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'dotenv'
import { tokensIn } from '../../../src/config/read-config'
import { callbackUrl } from '../cloud/callback-url'
import { type CiPlace, ciSettings } from '../cloud/ci-settings'
import { confirmed } from './confirm'
import { bucketsOption } from '../cloud/buckets'
import { bucketRegion } from './connect'
import { type DeployedCallback, deployedCallback, lengthProblem } from './deployed-callback'
import { environmentOf, findFunction, NAMESPACE, untilActive } from '../cloud/functions'
import { reasonOf } from '../../../src/net/reason-of'
import { jsonObject } from '../cloud/json-object'
import { pause } from '../cloud/pause'
import { reach } from '../cloud/reach'
import { textOption } from '../serverless'
import type { Session } from '../session'

/** As long as one callback may be late, and a workflow that somebody forgot may wait for its next file. */
const QUIET_MS = 24 * 3_600_000

/**
 * `serverless callback rotate [--bucket B,B2]`: a new token beside the old one in the function, then each connected workflow and queue pointed at the new URL;
 * `--finish` takes the old one away. Whatever it is interrupted at, both URLs work until `--finish`, and running it again goes on from there.
 */
export async function rotate(session: Session): Promise<void> {
  const deployed = await deployedCallback(session)
  if (session.options['finish'] === true) return finish(session, deployed)
  const wanted = newTokens(session, deployed)
  const [next, ...old] = wanted
  const url = callbackUrl(deployed.address, next)
  if (deployed.tokens.join() !== wanted.join()) {
    await setTokens(session, wanted)
    session.print('1. The function takes both tokens.')
  } else
    session.print(
      '1. The function takes both tokens already: this goes on with the rotation that was begun before, and makes no new token.',
    )
  await mustAnswer(url, 200, 'the new URL')
  for (const token of old) await mustAnswer(callbackUrl(deployed.address, token), 200, 'the old URL')

  const places = await connectedPlaces(session, deployed)
  const behind = places.filter(({ place }) => place.notify.Url !== url)
  session.print(
    places.length === 0
      ? '2. No workflow and no queue was found that calls this function: name their buckets with --bucket NAME-APPID,NAME-APPID, or point them at the new URL by hand (`npx serverless info --show-token`).'
      : `2. ${places.length - behind.length} of ${places.length} workflows and queues are at the new URL.`,
  )
  for (const one of behind) await point(session, one, url)
  session.print(
    `3. When a day has gone by: \`npx serverless callback rotate${bucketWords(session)} --finish\`. Until then both URLs work.`,
  )
}

/** What was said of buckets, for the next command. */
function bucketWords({ options }: Session): string {
  const buckets = textOption(options, 'bucket')
  return buckets === null ? '' : ` --bucket ${buckets}`
}

/**
 * The new token first, then all that work now: whoever comes by one of them is let in. Where the settings keep them, they are kept there before the cloud
 * has them: else the next deploy would undo it.
 */
function newTokens(session: Session, { tokens, address }: DeployedCallback): readonly [string, ...string[]] {
  const here = tokensIn(process.env['CALLBACK_TOKEN'])
  const isUnderWay = here.length > 1 && here.some((token) => tokens.includes(token))
  const [first = '', ...others] = isUnderWay
    ? new Set([...here, ...tokens])
    : tokens.length > 1
      ? tokens
      : [randomBytes(16).toString('hex'), ...tokens]
  session.hideToo([first])
  const tooLong = lengthProblem(callbackUrl(address, first))
  if (tooLong !== null) throw new Error(tooLong)
  const missing = others.filter((token) => !here.includes(token)).length
  if (isUnderWay && missing > 0 && !session.tokenIsFromFile)
    throw new Error(
      `The function takes ${missing} more than CALLBACK_TOKEN has, and whoever comes by one of them would be refused: set <new> and all that it takes now, separated by commas (\`npx serverless info --show-token\` shows the first); or deploy without them first, if nobody does.`,
    )
  if (here.join() !== [first, ...others].join()) keep(session, [first, ...others].join())
  return [first, ...others]
}

/** Writes CALLBACK_TOKEN into the file that it comes from. */
function keep(session: Session, value: string): void {
  const { dotenvName, serverless } = session
  const path = dotenvName === null ? null : join(serverless.serviceDir, dotenvName)
  const text = path === null ? '' : readFileSync(path, 'utf8')
  // What follows the value is a comment.
  const line = /^(\s*(?:export\s+)?CALLBACK_TOKEN\s*=\s*)(?:"[^"\n]*"|'[^'\n]*'|[^\s#]*)(.*)$/m
  if (path === null || !line.test(text) || !session.tokenIsFromFile)
    throw new Error(
      'CALLBACK_TOKEN comes from the environment, so that the new one is yours to keep: make it with `openssl rand -hex 16`, set CALLBACK_TOKEN=<new>,<old> where the pipeline has it, and run `npx serverless callback rotate` with that.',
    )
  const changed = text.replace(line, (_, head: string, rest: string) => `${head}${value}${rest}`)
  if (parse(changed)['CALLBACK_TOKEN'] !== value)
    throw new Error(
      `CALLBACK_TOKEN cannot be changed in ${String(dotenvName)}: let it stand there once, on one line, as CALLBACK_TOKEN=<token>, and run the command again.`,
    )
  // Where it is a link, the file that it leads to.
  const file = realpathSync(path)
  // No name of a stage's file.
  const beside = `${file}~${randomBytes(6).toString('hex')}`
  writeFileSync(beside, changed, { flag: 'wx', mode: 0o600 })
  chmodSync(beside, statSync(file).mode & 0o777)
  renameSync(beside, file)
  session.print(
    `CALLBACK_TOKEN in ${String(dotenvName)} is now ${value.includes(',') ? '<new>,<old>' : '<new>'}.`,
  )
}

async function setTokens(session: Session, tokens: readonly string[]): Promise<void> {
  const { call } = session
  const name = session.functionName('callback')
  await untilActive(call, name)
  const found = await findFunction(call, name)
  const variables = { ...found?.variables, CALLBACK_TOKEN: tokens.join(',') }
  await call('scf', 'UpdateFunctionConfiguration', {
    FunctionName: name,
    Namespace: NAMESPACE,
    Environment: environmentOf(variables),
  })
  await untilActive(call, name)
}

async function mustAnswer(url: string, status: number, which: string): Promise<void> {
  // An instance that was warm may still have the settings of before.
  for (let tries = 0; ; tries += 1) {
    const answer = await reach(url)
    if (answer.status === status) return
    if (tries === 5)
      throw new Error(
        `${which} answers ${answer.status}, not ${status}: run \`npx serverless callback doctor\`.`,
      )
    await pause(1_000)
  }
}

interface Connected {
  readonly settings: ReturnType<typeof ciSettings>
  readonly place: CiPlace
  /** For people: `workflow w1 (name) in media-1250000000`. */
  readonly what: string
  /** The command that enables it by hand. */
  readonly remedy: string
}

/** Every workflow and queue in the buckets that calls this function, by whichever of its tokens. */
async function connectedPlaces(
  session: Session,
  { found, address, tokens }: DeployedCallback,
): Promise<readonly Connected[]> {
  const { variables } = found
  const known = [...tokens, ...tokensIn(process.env['CALLBACK_TOKEN'])]
  const urls = new Set(known.map((token) => callbackUrl(address, token)))
  const connected: Connected[] = []
  for (const bucket of bucketsOption(session.options, variables)) {
    const settings = ciSettings(bucket, bucketRegion(session, variables), session.credentials())
    for (const kind of ['workflow', 'queue'] as const)
      for (const place of await settings.list(kind, (path, error) => {
        const why = reasonOf(error)
        // A service that is not in use in this bucket has no queues, and CI says so as 400 or 404.
        if (/answered 40[04]/.test(why)) return
        session.log.warning(
          `Queues at ${path} could not be looked at (${why}): should one of them call this function, point it at the new URL by hand.`,
        )
      })) {
        if (!urls.has(place.notify.Url)) continue
        const what = `${kind} ${place.id} (${place.name}) in ${bucket}`
        const remedy = session.command(`callback enable --bucket ${bucket} --workflow ${place.id}`)
        connected.push({ settings, place, what, remedy })
      }
  }
  return connected
}

async function point(
  session: Session,
  { settings, place, what, remedy }: Connected,
  url: string,
): Promise<void> {
  const mustBeOff = place.kind === 'workflow' && place.state === 'Active'
  if (
    mustBeOff &&
    !(await confirmed(session, `${what} has to be disabled for a moment to be changed: now?`))
  ) {
    session.print(`   ${what}: left at the old URL, which works until --finish.`)
    return
  }
  await settings.update(place, { ...place.notify, Url: url }, remedy)
  session.print(
    `   ${what}: at the new URL.${place.state === 'Paused' ? ` It is Paused, and is left so: \`${remedy}\` enables it.` : ''}`,
  )
}

async function finish(session: Session, deployed: DeployedCallback): Promise<void> {
  const { address, tokens } = deployed
  const [next = '', ...old] = tokens
  if (old.length === 0) {
    session.print('The function takes one token: there is nothing to finish.')
    return
  }
  const url = callbackUrl(address, next)
  if (
    bucketsOption(session.options, deployed.found.variables).length === 0 &&
    session.options['yes'] !== true
  )
    throw new Error(
      'Not yet: whether a workflow or a queue still calls the old URL cannot be seen. Name their buckets with --bucket NAME-APPID,NAME-APPID; if there are none, give --yes.',
    )
  const behind = (await connectedPlaces(session, deployed)).filter(({ place }) => place.notify.Url !== url)
  if (behind.length > 0)
    throw new Error(
      `Not yet: ${behind.map(({ what }) => what).join(', ')} still call the old URL: run \`npx serverless callback rotate${bucketWords(session)}\` again.`,
    )
  const { oldToken } = jsonObject((await reach(url)).body)
  if (typeof oldToken === 'string' && Date.now() - Date.parse(oldToken) < QUIET_MS)
    throw new Error(
      `Not yet: a callback came by the old URL at ${oldToken}. Somebody still has it: find out who (another bucket's workflow? give it with --bucket), and wait until a day has gone by without one.`,
    )
  if (oldToken === undefined && session.options['yes'] !== true)
    throw new Error(
      'Whether anybody still comes by the old URL cannot be said: the function has no store, or it is slow or down. If you know that nobody does, give --yes.',
    )
  if (session.tokenIsFromFile) keep(session, next)
  else if (tokensIn(process.env['CALLBACK_TOKEN']).length > 1)
    throw new Error(
      'CALLBACK_TOKEN comes from the environment and still has both tokens: set it to the new one alone where the pipeline has it, and run `npx serverless callback rotate --finish` with that.',
    )
  await setTokens(session, [next])
  await mustAnswer(url, 200, 'the new URL')
  for (const token of old) await mustAnswer(callbackUrl(address, token), 401, 'the old URL')
  session.print('The old token is no longer taken.')
}
