/** `npm start`: serves the built function on this machine. Run with --help to see how. */
import { join, relative } from 'node:path'
import { readArguments } from './arguments'
import { BUILT } from './built-files'
import { localRedactor, shownLine } from './handler-output'
import { startHandler } from './handler-process'
import { type HandlerSlot, openHandlerSlot } from './handler-slot'
import { type LocalGateway, openGateway } from './http-gateway'
import { readLogLine } from './log-line'
import { listenAddress, localEnvironment, type Places, placesOf, tokensOf } from './local-environment'
import { paintFor } from './paint'
import { probe } from './probe'
import { rebuildOnChange } from './rebuild-on-change'
import { LOCAL_TOKEN } from './sample-token'
import { sendSamples } from './samples'
import { samplesTable } from './samples-table'

const HELP = `Usage: npm start -- [options]

Serves the built function on this machine: real HTTP requests become the gateway events that the
cloud would send, and the answers go back.

  --samples   send every event of events/, print a table, and stop;
              exit code 0 when all were answered as expected, else 1
  --watch     build and load the function again whenever a file under src/ changes
  --json      leave the function's log as it is, one JSON line a callback, on standard output;
              everything else goes to standard error
  --help      show this

Environment (README, "Configuration", has the rest):

  PORT            9000; 0 takes any free port
  HOST            127.0.0.1
  CALLBACK_TOKEN  ${LOCAL_TOKEN}
  QUEUE_URL       file:.relay/queue.jsonl
  ALERT_URLS      console:
  STORE_URL       file:.relay/store
`

const FLAGS = {
  samples: { type: 'boolean' },
  watch: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

async function main(): Promise<void> {
  const { values, operands } = readArguments(process.argv.slice(2), FLAGS)
  if (values['help']) {
    process.stdout.write(HELP)
    return
  }
  if (operands.length > 0)
    throw new Error(
      `npm start takes options only; to send one event: npm run invoke -- ${operands.join(' ')}`,
    )
  if (values['samples'] && values['watch'])
    throw new Error('--samples ends when the events are sent; leave --watch out')

  const env = localEnvironment(process.env)
  const address = listenAddress(env)
  const json = values['json'] === true
  const redact = localRedactor(env)
  const out = json ? process.stderr : process.stdout
  const paint = paintFor(out, env)
  const say = (text: string): void => void out.write(`${text}\n`)
  const fault = (text: string): void =>
    void process.stderr.write(`${paintFor(process.stderr, env)('red', 'error')} ${redact(text)}\n`)

  // Lines are kept back while the start, or a sample, collects them.
  let kept: string[] | null = []
  const show = (line: string): void => {
    if (json && readLogLine(line) !== null) process.stdout.write(`${line}\n`)
    else say(shownLine(line, paint))
  }
  const takeLines = (): readonly string[] => {
    const lines = kept ?? []
    if (kept !== null) kept = []
    return lines
  }
  const slot = await openHandlerSlot(() =>
    startHandler({
      host: BUILT.host,
      bundle: BUILT.bundle,
      env,
      onLine: (line) => {
        const clean = redact(line)
        if (kept === null) show(clean)
        else kept.push(clean)
      },
      onErrorLine: (line) => process.stderr.write(`${redact(line)}\n`),
    }),
  )
  let gateway: LocalGateway | null = null
  try {
    const [token = ''] = tokensOf(env)
    const about = await probe(slot.call, token, takeLines)
    gateway = await openGateway({
      ...address,
      call: (event, requestId) => slot.call('main_handler', event, requestId),
      onFault: fault,
    })
    if (values['samples']) {
      const shownOutput = (event: string, lines: readonly string[]): void => {
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
    say(banner(gateway.origin, about.version ?? '', env, placesOf(env)))
    const watching = values['watch'] ? await watchSources(slot) : null
    await interrupted()
    watching?.close()
  } finally {
    await gateway?.close()
    await slot.close()
  }

  function showSampleOutput(event: string, lines: readonly string[]): void {
    // Alerts and warnings: the table says what the other records say.
    const worth = lines.filter((line) => {
      const record = readLogLine(line)
      return record === null ? line.trim() !== '' : record.level >= 40 && record.msg !== 'callback'
    })
    if (worth.length > 0)
      say([paint('bold', event), ...worth.map((line) => shownLine(line, paint)), ''].join('\n'))
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

  function banner(
    origin: string,
    version: string,
    { CALLBACK_TOKEN = '' }: typeof env,
    places: Places,
  ): string {
    // A token of the user's own is not for the screen; the shell knows it.
    const token =
      CALLBACK_TOKEN === LOCAL_TOKEN
        ? LOCAL_TOKEN
        : CALLBACK_TOKEN.includes(',')
          ? '${CALLBACK_TOKEN%%,*}'
          : '$CALLBACK_TOKEN'
    const sample = relative(process.cwd(), join(BUILT.events, 'bodies', 'failed.xml'))
    const row = (label: string, text: string): string => `  ${label.padEnd(22)}${text}`
    return [
      `${paint('bold', `cos-callback-relay ${version}`)} on this machine`,
      '',
      row('Callback URL', paint('cyan', `${origin}/${token}`)),
      row('  as API Gateway', paint('cyan', `${origin}/apigw/${token}`)),
      '',
      row('Successes go to', places.queue),
      row('Failures go to', places.alerts.join('  ')),
      row('Parked, remembered in', places.store),
      '',
      '  Send a callback from another terminal:',
      '',
      `  curl -i -H "Content-Type: application/xml" --data-binary "@${sample}" "${origin}/${token}"`,
      '',
      paint('dim', '  Ctrl-C stops; npm start -- --help shows the options.'),
      '',
    ].join('\n')
  }
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

main().catch((error: unknown) => {
  process.stderr.write(`npm start: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
