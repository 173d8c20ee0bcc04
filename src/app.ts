import { sha256 } from './sha256'
import { withoutConditions } from './alerts/conditions'
import { openAlertChannel } from './alerts/open-alert-channel'
import {
  type Config,
  ConfigError,
  draftConfig,
  type Environment,
  secretsIn,
  type Serves,
} from './config/read-config'
import { fingerprints } from './config/fingerprints'
import type { DriverContext } from './drivers/driver-context'
import { createLog, type Log, LOG_LEVELS, type LogLevel } from './log'
import { openQueue } from './queues/open-queue'
import type { NamedChannel, Services } from './services'
import { createRelay, type Relay } from './relay/relay'
import { sweepLimits } from './sweep/run-clock'
import { sweep, type SweepReport } from './sweep/sweep'
import { openStore } from './stores/open-store'
import { isRegion } from './tencent/bucket-name'
import { credentialsOf, secretsOf } from './tencent/credentials'
import { type Executions, executionsOf } from './tencent/executions'
import { version } from './version'

export interface App {
  readonly relay: Relay
  /** What the timer does; `remainingMs`: how long the invocation may still last, null when unknown. */
  readonly sweep: (remainingMs: number | null) => Promise<SweepReport>
  readonly close: () => void
}

/** The log of an environment, good or bad: it must be able to say what is wrong with the rest. */
export function openLog(env: Environment, write?: (line: string) => void): Log {
  const level = LOG_LEVELS.find((name): name is LogLevel => name === env['LOG_LEVEL']?.trim()) ?? 'info'
  return createLog({ level, secrets: presentSecrets(env), ...(write && { write }) })
}

/** The secrets of an environment as it is now, and as it was before: the platform renews the role's keys, and an answer may repeat the old ones. */
function presentSecrets(env: Environment): () => readonly string[] {
  let keys = ''
  let secrets: readonly string[] = []
  return () => {
    const credentials = credentialsOf(env)
    const now = credentials === null ? '-' : secretsOf(credentials).join()
    if (now === keys) return secrets
    keys = now
    secrets = [...new Set([...secretsIn(env), ...secrets])].slice(0, MOST_SECRETS)
    return secrets
  }
}

/** Of a few renewals, and no more: a warm instance may live for long. */
const MOST_SECRETS = 200

/** What may be a setting misspelt; and what is the platform's. */
const LIKE_OURS =
  /^(CALL|QUE|ALE|STO|COS_R|VERI|REC|GIVE|LED|RUN|MES|LOG_)|_(URLS?|TOKENS?|REGION|AFTER|KEEP|LANG|LEVEL|RAW)$/i
const PLATFORM = /^(SCF|QCLOUD|TENCENT|RELAY)/

/** Turns the environment into an app: the one place where parts are chosen and put together. Throws a ConfigError. */
export async function openApp(env: Environment, log: Log, serves: Serves = 'callbacks'): Promise<App> {
  const { config, problems, known } = draftConfig(env, serves)
  const { executions, ...parts } = await openParts(config, env, log, problems)
  const strange = Object.keys(env).filter(
    (name) => LIKE_OURS.test(name) && !PLATFORM.test(name) && !known.has(name),
  )
  if (strange.length > 0) (await import('./config/log-unknown-settings')).logUnknownSettings(strange, log)
  if (parts.store === null) log('warn', 'STORE_URL is not set: no dedupe, and nothing can be parked')
  return {
    relay: createRelay(parts),
    sweep: async (remainingMs) =>
      sweep(
        parts,
        executions && {
          targets: config.reconcile,
          executions,
          runningTooLongMs: config.runningTooLong && config.runningTooLong * 3_600_000,
        },
        sweepLimits(remainingMs),
      ),
    close: () => {
      parts.queue?.close?.()
      parts.store?.close?.()
      for (const { channel } of parts.channels) channel.close?.()
    },
  }
}

/** Opens every driver that the configuration names, and reports all that cannot be opened at once. */
export async function openParts(
  config: Config,
  env: Environment,
  log: Log,
  earlierProblems: readonly string[] = [],
): Promise<Services & { readonly executions: Executions | null }> {
  const context: DriverContext = { credentials: () => credentialsOf(env), region: config.ownRegion }
  const problems = [...earlierProblems]
  const opened = async <Part>(
    variable: string,
    url: string | null,
    open: (url: string, context: DriverContext) => Promise<Part>,
  ): Promise<Part | null> => {
    if (url === null) return null
    try {
      return await open(url, context)
    } catch (error) {
      problems.push(`${variable}: ${whyNotOpened(error)}`)
      return null
    }
  }
  const [queue, store, ...channels] = await Promise.all([
    opened('QUEUE_URL', config.queueUrl, openQueue),
    opened('STORE_URL', config.storeUrl, openStore),
    ...config.alertUrls.map(async (url, index): Promise<NamedChannel | null> => {
      // Its id says which channel, not its key.
      const channel = await opened(`ALERT_URLS, item ${index + 1}`, url, openAlertChannel)
      if (channel === null) return null
      return { id: `${channel.scheme}-${sha256(withoutConditions(url), 'hex').slice(0, 12)}`, channel }
    }),
  ])
  const executions = openExecutions(config, context, problems)
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    executions,
    tokens: config.tokens,
    queue,
    store,
    channels: channels.filter((channel) => channel !== null),
    readBack: executions,
    verify: config.verify,
    bucketsOf: (id) =>
      config.reconcile.filter(({ workflowId }) => workflowId === id).map(({ bucket }) => bucket),
    giveUpAfterMs: config.giveUpAfter * 3_600_000,
    ledgerKeepMs: config.ledgerKeep * 3_600_000,
    lateSweepMs: config.lateSweep && config.lateSweep * 1000,
    messageRaw: config.messageRaw,
    language: config.alertLang,
    log,
    about: {
      version,
      region: config.region,
      reconcile: config.reconcile.length,
      get settings() {
        return fingerprints(env)
      },
    },
  }
}

/** A driver with a client library is a file of its own beside index.js. */
function whyNotOpened(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'MODULE_NOT_FOUND'
    ? 'its driver is missing: deploy every file of dist/, not index.js alone'
    : message
}

/**
 * CI, to be asked about executions. Without the region or any credentials it is left out, unless the configuration needs it; then that is a problem.
 */
function openExecutions(
  config: Config,
  { credentials }: DriverContext,
  problems: string[],
): Executions | null {
  const needed =
    config.verify === 'read-back' ? 'VERIFY=read-back' : config.reconcile.length > 0 ? 'RECONCILE' : null
  const { region, ciEndpoint } = config
  if (region === null) {
    if (needed !== null)
      problems.push(`COS_REGION: not set, but ${needed} needs it; set the region of the buckets`)
    return null
  }
  if (needed === null && credentials() === null) return null
  if (!isRegion(region)) problems.push('COS_REGION: not a region; use one such as ap-guangzhou')
  return executionsOf(async () =>
    (await import('./tencent/ci')).ciClient({ credentials, region, endpoint: ciEndpoint }),
  )
}
