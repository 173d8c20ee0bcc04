import { isBucketName } from '../callback/bucket-name'
import { isLoopback } from '../net/endpoint'
import { secretsInUrl } from '../net/url-secrets'
import { LOG_LEVELS, type LogLevel } from '../log'

export type Environment = Readonly<Record<string, string | undefined>>

/** What the environment asks for. URLs hold credentials: never show them. */
export interface Config {
  readonly tokens: readonly string[]
  readonly queueUrl: string | null
  readonly alertUrls: readonly string[]
  readonly storeUrl: string | null
  /** Of the buckets, and so of CI. */
  readonly region: string | null
  /** Of the function itself; null where it does not run in the cloud. */
  readonly ownRegion: string | null
  /** Stands in for CI in tests, on loopback; null: CI itself. */
  readonly ciEndpoint: string | null
  readonly verify: 'off' | 'read-back'
  readonly reconcile: readonly ReconcileTarget[]
  /** Hours until a delivery is given up. */
  readonly giveUpAfter: number
  /** Hours for which a settled callback is known. */
  readonly ledgerKeep: number
  /** Hours after which the team is told of an execution that still runs; null: never. */
  readonly runningTooLong: number | null
  /** Seconds after which a sweep is late; null: none is expected. */
  readonly lateSweep: number | null
  /** MESSAGE_RAW: whether a message carries the callback as parsed. */
  readonly messageRaw: boolean
  readonly alertLang: 'en' | 'zh'
  readonly logLevel: LogLevel
}

export interface ReconcileTarget {
  /** With the APPID: `media-1250000000`. */
  readonly bucket: string
  readonly workflowId: string
}

/** Every problem of a configuration, each beginning with the variable's name; none shows a value that may be secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `- ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

/** What an app is opened for: the sweep lets nobody in, so its function is not given the token. */
export type Serves = 'callbacks' | 'sweep'

const SHORTEST_TOKEN = 22
/** Seconds. Two runs of the timer, which comes every five minutes, may be lost before anybody is told. */
export const LATE_SWEEP = 900

/**
 * Reads the environment (docs/configuration.md). Throws a ConfigError with every problem at once. Whether a URL's scheme and
 * parts are right is the driver's word: opening it tells.
 */
export function readConfig(env: Environment, serves: Serves = 'callbacks'): Config {
  const { config, problems } = draftConfig(env, serves)
  if (problems.length > 0) throw new ConfigError(problems)
  return config
}

/** As far as it can be read, and what is wrong with the rest: a variable with a problem has its default. */
export function draftConfig(
  env: Environment,
  serves: Serves,
): {
  readonly config: Config
  readonly problems: readonly string[]
  /** The names of all settings. */
  readonly known: ReadonlySet<string>
} {
  const problems: string[] = []
  const known = new Set(['CALLBACK_TOKEN'])
  const value = (name: string): string | null => {
    known.add(name)
    return env[name]?.trim() || null
  }
  const oneOf = <T extends string>(name: string, allowed: readonly T[], fallback: T): T => {
    const text = value(name)
    if (text === null) return fallback
    const found = allowed.find((word) => word === text)
    if (found === undefined) problems.push(`${name}: unknown value; use one of: ${allowed.join(', ')}`)
    return found ?? fallback
  }

  const hours = <Usual extends number | null>(name: string, usual: Usual): number | Usual => {
    const text = value(name)
    if (text === null) return usual
    if (/^\d{1,4}$/.test(text) && Number(text) > 0) return Number(text)
    problems.push(`${name}: must be a whole number of hours, from 1 to 9999`)
    return usual
  }

  const tokens = tokensIn(env['CALLBACK_TOKEN'])
  // Set by the local gateway alone: there a short token harms nobody.
  const shortest = env['RELAY_LOCAL'] === '1' ? 1 : SHORTEST_TOKEN
  if (tokens.length === 0 && serves === 'callbacks')
    problems.push(
      `CALLBACK_TOKEN: not set; set a random secret of at least ${SHORTEST_TOKEN} characters (openssl rand -hex 16)`,
    )
  tokens.forEach((token, index) => {
    const which = tokens.length === 1 ? 'the token' : `token ${index + 1}`
    if (token.length < shortest)
      problems.push(
        `CALLBACK_TOKEN: ${which} has ${token.length} characters; it needs at least ${SHORTEST_TOKEN}`,
      )
    if (!/^[A-Za-z0-9._~!$'()*:@=-]+$/.test(token))
      problems.push(
        `CALLBACK_TOKEN: ${which} has characters that a URL would change; use A-Z a-z 0-9 . _ ~ -`,
      )
  })

  const queueUrl = value('QUEUE_URL')
  const alertUrls = [...new Set(listOf(value('ALERT_URLS'), /\s+/))]
  if (queueUrl === null && alertUrls.length === 0)
    problems.push('QUEUE_URL, ALERT_URLS: neither is set; set at least one, or there is nowhere to relay to')

  if (value('RECONCILE') !== null && value('STORE_URL') === null)
    problems.push('RECONCILE: needs STORE_URL: without a ledger nothing tells what was relayed before')

  const ownRegion = value('TENCENTCLOUD_REGION')
  const ciEndpoint = value('CI_ENDPOINT')
  if (ciEndpoint !== null && !(URL.canParse(ciEndpoint) && isLoopback(new URL(ciEndpoint))))
    problems.push('CI_ENDPOINT: must be a loopback address such as http://127.0.0.1:8080')

  const config: Config = {
    tokens,
    queueUrl,
    alertUrls,
    storeUrl: value('STORE_URL'),
    region: value('COS_REGION') ?? ownRegion,
    ownRegion,
    ciEndpoint,
    verify: oneOf('VERIFY', ['off', 'read-back'], 'off'),
    reconcile: listOf(value('RECONCILE'), /,/).flatMap((item, index) => {
      const [, bucket = '', workflowId = ''] = /^([^/]+)\/([A-Za-z0-9_-]+)$/.exec(item) ?? []
      if (isBucketName(bucket)) return [{ bucket, workflowId }]
      problems.push(
        `RECONCILE: item ${index + 1} is not <bucket-appid>/<workflowId>, as in media-1250000000/w0123456789abcdef`,
      )
      return []
    }),
    giveUpAfter: hours('GIVE_UP_AFTER', 72),
    ledgerKeep: hours('LEDGER_KEEP', 168),
    runningTooLong: hours('RUNNING_TOO_LONG', null),
    // The local gateway sweeps only when it is told to, and says then when one is late.
    lateSweep: env['RELAY_LOCAL'] === '1' ? Number(env['RELAY_LATE_SWEEP']) || null : LATE_SWEEP,
    messageRaw: oneOf('MESSAGE_RAW', ['0', '1'], '0') === '1',
    alertLang: oneOf('ALERT_LANG', ['en', 'zh'], 'en'),
    logLevel: oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
  }
  if (config.runningTooLong !== null && config.reconcile.length === 0)
    problems.push('RUNNING_TOO_LONG: needs RECONCILE, which says whose executions are looked at')
  if (config.ledgerKeep < config.giveUpAfter)
    problems.push(
      `LEDGER_KEEP: ${config.ledgerKeep} hours are less than GIVE_UP_AFTER, ${config.giveUpAfter}: what still waits must be known, or a repeat is delivered, too`,
    )
  return { config, problems, known }
}

/** The tokens in `CALLBACK_TOKEN`. */
export function tokensIn(setting: string | undefined): readonly string[] {
  return listOf(setting ?? null, /,/)
}

function listOf(text: string | null, separator: RegExp): string[] {
  return (text ?? '')
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/** Those of the user, and those of the function's role, which the platform renews. */
const KEY_VARIABLES = [
  'TENCENT_SECRET_ID',
  'TENCENT_SECRET_KEY',
  'TENCENT_TOKEN',
  'TENCENTCLOUD_SECRETID',
  'TENCENTCLOUD_SECRETKEY',
  'TENCENTCLOUD_SESSIONTOKEN',
]

/** Everything in an environment that must never be shown: tokens, keys, and whatever in a URL may be a credential. */
export function secretsIn(env: Environment): string[] {
  const urls = [env['QUEUE_URL'], env['STORE_URL'], ...listOf(env['ALERT_URLS'] ?? null, /\s+/)]
  return [
    ...(env['RELAY_LOCAL'] === '1' ? [] : tokensIn(env['CALLBACK_TOKEN'])),
    ...KEY_VARIABLES.map((name) => env[name] ?? ''),
    ...urls.flatMap((url) => secretsInUrl(url ?? '')),
  ].filter((secret) => secret !== '')
}
