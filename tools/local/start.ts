import { relative } from 'node:path'
import type { Command } from 'commander'
import { newCommand, notEmpty, UsageError } from '../cli/command'
import { banner, whereTo } from './banner'
import { BUILT } from './built-files'
import { localRedactor, shownErrorLine, shownLine } from './handler-output'
import { type HandlerLine, startHandler } from './handler-process'
import { type HandlerSlot, openHandlerSlot } from './handler-slot'
import { harmless, harmlessLine } from './harmless'
import { type LocalGateway, openGateway } from './http-gateway'
import { listenAddress } from './listen-address'
import { alertLanguage, localEnvironment, placesOf, tokensOf } from './local-environment'
import { paintFor } from './paint'
import { probe } from './probe'
import { rebuildOnChange } from './rebuild-on-change'
import { sendSamples } from './samples'
import { samplesTable } from './samples-table'
import { withServingToken } from './serving-token'
import { settingsHere } from './settings-here'
import { LOCAL_TOKEN } from './sample-token'
import { lateAfter, secondsOf, sweepEvery } from './sweep-every'
import { checkTargetsWritable } from './writable-targets'

interface StartOptions {
  readonly samples?: true
  readonly watch?: true
  readonly sweep?: string
  readonly json?: true
}

const ENVIRONMENT = `
Environment (docs/configuration.md has the rest):

  PORT            9000; 0 takes any free port
  HOST            127.0.0.1
  CALLBACK_TOKEN  ${LOCAL_TOKEN}
  QUEUE_URL       file:.relay/queue.jsonl
  ALERT_URLS      console:
  STORE_URL       file:.relay/store`

/** `npm start`: serves the built function on this machine. */
export function startCommand(): Command {
  return newCommand('start', '(as npm start -- [options])')
    .description(
      'Serves the built function on this machine: real HTTP requests become the gateway events that the cloud would send, and the answers go back.',
    )
    .option(
      '--samples',
      'send every event of events/, print a table, and stop; exit code 0 when all were answered as expected, else 1',
    )
    .option('--watch', 'build and load the function again whenever a file under src/ changes')
    .option(
      '--sweep <N>',
      "run the sweep every N seconds, as the cloud's timer does every five minutes: redeliver what waits, reconcile, tell of outages; for a server without SCF",
      notEmpty,
    )
    .option(
      '--json',
      "leave the function's log as it is, one JSON line a callback, on standard output; everything else goes to standard error",
    )
    .addHelpText('after', ENVIRONMENT)
    .allowExcessArguments()
    .action(async (options: StartOptions, { args }: Command) => start(options, args))
}

async function start(values: StartOptions, operands: readonly string[]): Promise<void> {
  mustNotBeSwallowed(values)
  if (operands.length > 0)
    throw new UsageError(
      `npm start takes options only; to send one event: npm run invoke -- ${operands.join(' ')}`,
    )
  if (values.samples && values.watch)
    throw new UsageError('--samples ends when the events are sent; leave --watch out')
  const sweepSeconds = values.sweep === undefined ? null : secondsOf(values.sweep)
  if (values.samples && sweepSeconds !== null)
    throw new UsageError('--samples sweeps once by itself; leave --sweep out')

  const settings = settingsHere(process.env, (line) => void process.stderr.write(`${harmlessLine(line)}\n`))
  const address = await listenAddress(settings)
  const local = {
    ...localEnvironment(settings),
    ...(values.samples && alertLanguage(settings)),
    RELAY_LATE_SWEEP: sweepSeconds === null ? '' : String(lateAfter(sweepSeconds)),
  }
  const { env, isRandom, warnings } = withServingToken(local, settings, address)
  checkTargetsWritable(env)
  const json = values.json === true
  const redact = localRedactor(env)
  const out = json ? process.stderr : process.stdout
  const paint = paintFor(out, env)
  const say = (text: string): void => void out.write(`${text}\n`)
  const paintError = paintFor(process.stderr, env)
  const fault = (text: string): void =>
    void process.stderr.write(`${paintError('red', 'error')} ${indented(harmless(redact(text)))}\n`)

  // Lines are kept back while the start, or a sample, collects them.
  let kept: HandlerLine[] | null = []
  const show = (line: HandlerLine): void => {
    if (json && line.record !== null) process.stdout.write(`${line.text}\n`)
    else say(shownLine(line, paint))
  }
  const takeLines = (): readonly HandlerLine[] => {
    const lines = kept ?? []
    if (kept !== null) kept = []
    return lines
  }
  const slot = await openHandlerSlot(() =>
    startHandler({
      host: BUILT.host,
      bundle: BUILT.bundle,
      env,
      redact,
      onLine: (line) => {
        if (kept === null) show(line)
        else kept.push(line)
      },
      onErrorLine: (line) => process.stderr.write(`${shownErrorLine(line, paintError)}\n`),
    }),
  )
  let gateway: LocalGateway | null = null
  try {
    const tokens = tokensOf(env)
    const [token = ''] = tokens
    const about = await probe(slot.call, token, takeLines)
    gateway = await openGateway({
      address,
      tokens,
      call: (event, requestId) => slot.call('main_handler', event, requestId),
      onRefused: (status, why) => say(paint('dim', `${status} refused: ${why}`)),
      onFault: fault,
    })
    for (const warning of warnings) process.stderr.write(`${paintError('yellow', 'warn')} ${warning}\n`)
    if (values.samples) {
      process.exitCode = await runSamples(gateway, slot, {
        token,
        takeLines,
        places: placesOf(env),
      })
      return
    }
    kept = null
    // Listened for before anybody can know that there is something to end.
    const end = interrupted()
    say(
      banner({
        origin: gateway.origin,
        version: about.version ?? '',
        env,
        isTokenRandom: isRandom,
        paint,
      }),
    )
    const watching = values.watch ? await watchSources(slot) : null
    const sweeping =
      sweepSeconds === null
        ? null
        : sweepEvery(sweepSeconds, async (event) => slot.call('sweep_handler', event), fault)
    await end
    sweeping?.close()
    watching?.close()
  } finally {
    await gateway?.close()
    await slot.close()
  }

  async function runSamples(
    { origin }: LocalGateway,
    { call, has }: HandlerSlot,
    options: Omit<Parameters<typeof sendSamples>[0], 'folder' | 'origin' | 'sweep' | 'onOutput'>,
  ): Promise<number> {
    const sweep = has('sweep_handler') ? (event: unknown) => call('sweep_handler', event) : null
    const printed = new Map<string, readonly HandlerLine[]>()
    const onOutput = (event: string, lines: readonly HandlerLine[]): void => {
      if (json) lines.forEach(show)
      else printed.set(event, lines.filter(isWorthALook))
    }
    say(`${whereTo(env)}\n`)
    const results = await sendSamples({ ...options, folder: BUILT.events, origin, sweep, onOutput })
    const wrong = results.filter(({ wanted }) => wanted !== null)
    for (const event of [PICTURE, ...wrong.map((result) => result.event)]) {
      const lines = printed.get(event) ?? []
      printed.delete(event)
      if (lines.length > 0)
        say(
          [paint('bold', harmlessLine(event)), ...lines.map((line) => shownLine(line, paint)), ''].join('\n'),
        )
    }
    say(`${samplesTable(results, paint)}\n`)
    say(
      `${results.length} events, ${wrong.length === 0 ? 'all answered as expected' : `${wrong.length} not as expected`}.`,
    )
    if (results.some(({ outcome }) => outcome === 'duplicate'))
      say(
        `duplicate: the ledger knows it from an earlier run. To start afresh, delete what is in ${options.places.store}.`,
      )
    say(NEXT_STEPS)
    return wrong.length === 0 ? 0 : 1
  }

  async function watchSources({ exchange }: HandlerSlot): Promise<{ close: () => void }> {
    const watching = await rebuildOnChange({
      onBuilt: async () => {
        await exchange()
        say(paint('green', 'built and loaded again'))
      },
      onFault: (message) => fault(`${message}; still serving the last good one`),
    })
    say(paint('dim', `Watching ${relative(process.cwd(), BUILT.sources) || '.'} for changes.\n`))
    return watching
  }
}

/** The sample whose alert is shown as a person would get it: CI said why it failed. */
const PICTURE = 'job-failed'

const NEXT_STEPS = `
Next:
  npm start                                        serve it here, and send it a callback by the curl line that it prints
  ALERT_URLS='wecom://KEY' npm start -- --samples  see the alerts in a channel of your own; QUEUE_URL likewise
  npx serverless deploy                            after README.md, "Deploy in five steps"`

/** Alerts and warnings: the table says what the other records say. */
function isWorthALook({ text, record }: HandlerLine): boolean {
  return record === null ? text.trim() !== '' : record.level >= 40 && record.msg !== 'callback'
}

/** Several lines as one item: what follows the first cannot pass for a line of its own. */
function indented(text: string): string {
  return text.replaceAll('\n', '\n    ')
}

/** The terminal and npm each pass Ctrl-C on: so soon after the first, it is the same one. */
const SAME_INTERRUPT_MS = 500

/** Resolves when the user, or the system, wants an end; asked again, the process ends at once. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    let first: number | null = null
    const stop = (): void => {
      first ??= performance.now()
      if (performance.now() - first > SAME_INTERRUPT_MS) process.exit(130)
      resolve()
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}

/** `npm start --samples`: without the `--` in front, npm takes an option for its own, and the tool never sees it. */
function mustNotBeSwallowed(values: StartOptions): void {
  for (const name of ['samples', 'watch', 'sweep'] as const) {
    const swallowed = process.env[`npm_config_${name}`]
    if (swallowed !== undefined && values[name] === undefined)
      throw new UsageError(
        `npm took --${name} for an option of its own: write npm start -- --${name}${name === 'sweep' ? ' N' : ''}`,
      )
  }
}
