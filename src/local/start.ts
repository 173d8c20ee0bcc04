/** `npm start`: serves the built function on this machine. Run with --help to see how. */
import { relative } from 'node:path'
import { readArguments } from './arguments'
import { banner } from './banner'
import { BUILT } from './built-files'
import { localRedactor, shownErrorLine, shownLine } from './handler-output'
import { type HandlerLine, startHandler } from './handler-process'
import { type HandlerSlot, openHandlerSlot } from './handler-slot'
import { harmless, harmlessLine } from './harmless'
import { type LocalGateway, openGateway } from './http-gateway'
import { listenAddress } from './listen-address'
import { localEnvironment, placesOf, tokensOf } from './local-environment'
import { paintFor } from './paint'
import { probe } from './probe'
import { rebuildOnChange } from './rebuild-on-change'
import { sendSamples } from './samples'
import { samplesTable } from './samples-table'
import { withServingToken } from './serving-token'
import { START_HELP } from './start-help'
import { secondsOf, sweepEvery } from './sweep-every'
import { checkTargetsWritable } from './writable-targets'

const FLAGS = {
  samples: { type: 'boolean' },
  watch: { type: 'boolean' },
  sweep: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

async function main(): Promise<void> {
  const { values, operands } = readArguments(process.argv.slice(2), FLAGS)
  if (values['help']) {
    process.stdout.write(START_HELP)
    return
  }
  if (operands.length > 0)
    throw new Error(
      `npm start takes options only; to send one event: npm run invoke -- ${operands.join(' ')}`,
    )
  if (values['samples'] && values['watch'])
    throw new Error('--samples ends when the events are sent; leave --watch out')
  const sweepSeconds = typeof values['sweep'] === 'string' ? secondsOf(values['sweep']) : null
  if (values['samples'] && sweepSeconds !== null)
    throw new Error('--samples sweeps once by itself; leave --sweep out')

  const address = await listenAddress(process.env)
  const { env, isRandom, warnings } = withServingToken(localEnvironment(process.env), process.env, address)
  checkTargetsWritable(env)
  const json = values['json'] === true
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
    if (values['samples']) {
      const shownOutput = (event: string, lines: readonly HandlerLine[]): void => {
        if (json) lines.forEach(show)
        else showSampleOutput(event, lines)
      }
      process.exitCode = await runSamples(gateway, slot, {
        token,
        takeLines,
        places: placesOf(env),
        onOutput: shownOutput,
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
    const watching = values['watch'] ? await watchSources(slot) : null
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

  function showSampleOutput(event: string, lines: readonly HandlerLine[]): void {
    // Alerts and warnings: the table says what the other records say.
    const worth = lines.filter(({ text, record }) =>
      record === null ? text.trim() !== '' : record.level >= 40 && record.msg !== 'callback',
    )
    if (worth.length > 0)
      say([paint('bold', harmlessLine(event)), ...worth.map((line) => shownLine(line, paint)), ''].join('\n'))
  }

  async function runSamples(
    { origin }: LocalGateway,
    { call, has }: HandlerSlot,
    options: Omit<Parameters<typeof sendSamples>[0], 'folder' | 'origin' | 'sweep'>,
  ): Promise<number> {
    const sweep = has('sweep_handler') ? (event: unknown) => call('sweep_handler', event) : null
    const results = await sendSamples({ ...options, folder: BUILT.events, origin, sweep })
    const wrong = results.filter(({ wanted }) => wanted !== null)
    say(samplesTable(results, paint))
    say('')
    say(
      `${results.length} events, ${wrong.length === 0 ? 'all answered as expected' : `${wrong.length} not as expected`}.`,
    )
    const { queue, store } = options.places
    say(`Successes are in ${queue}, one CloudEvent each; the ledger and the outbox are in ${store}.`)
    if (results.some(({ outcome }) => outcome === 'duplicate'))
      say(`duplicate: the ledger knows it from an earlier run. To start afresh, delete what is in ${store}.`)
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

// Whoever read the output has had enough of it.
process.stdout.on('error', () => process.exit(1))

main().catch((error: unknown) => {
  process.stderr.write(`npm start: ${harmless(error instanceof Error ? error.message : String(error))}\n`)
  process.exitCode = 1
})
