/** `npm run invoke -- FILE…`: calls the built function with events, without a server. Run with --help to see how. */
import { readArguments } from './arguments'
import { BUILT } from './built-files'
import { readEventFile } from './event-file'
import type { WholeEvent } from './event-kind'
import { localRedactor, shownErrorLine, shownLine } from './handler-output'
import { type HandlerProcess, startHandler } from './handler-process'
import { harmless, harmlessJson, harmlessLine } from './harmless'
import { colourOf } from './log-line'
import { localEnvironment, tokensOf } from './local-environment'
import { paintFor } from './paint'
import { LOCAL_TOKEN } from './sample-token'
import { checkTargetsWritable } from './writable-targets'

const HELP = `Usage: npm run invoke -- [options] FILE…

Calls the built function with each file in turn and prints its answer. A FILE holds a gateway event
(as in events/), a timer event, or a bare callback, XML or JSON, which is put into an event first.
The file - is standard input.

  --expect N  the status that every answer should have
  --json      print each answer as the function returned it, one JSON line; all else goes to standard error
  --help      show this

Exit code 0 when every answer is 2xx (or N), 1 otherwise. The environment is that of npm start.
`

const FLAGS = { expect: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } } as const

async function main(): Promise<void> {
  const { values, operands: files } = readArguments(process.argv.slice(2), FLAGS)
  if (values['help']) {
    process.stdout.write(HELP)
    return
  }
  const expected = typeof values['expect'] === 'string' ? values['expect'] : null
  if (expected !== null && !/^[1-5]\d\d$/.test(expected))
    throw new Error('--expect needs an HTTP status, as in --expect 400')
  if (files.length === 0)
    throw new Error('name at least one file, as in: npm run invoke -- events/url-success.json')

  const env = localEnvironment(process.env)
  checkTargetsWritable(env)
  const [token = ''] = tokensOf(env)
  // All of them first: a wrong name should not leave half of the work done.
  const events: WholeEvent[] = []
  for (const file of files) events.push(await readEventFile(file, token))

  const paint = paintFor(process.stdout, env)
  const paintError = paintFor(process.stderr, env)
  const json = values['json'] === true
  const handler = await startHandler({
    host: BUILT.host,
    bundle: BUILT.bundle,
    env,
    redact: localRedactor(env),
    onLine: (line) => {
      // Alerts are what the call has done; the log is about it.
      if (json || line.record !== null) process.stderr.write(`${shownLine(line, paintError)}\n`)
      else process.stdout.write(`${shownLine(line, paint)}\n`)
    },
    onErrorLine: (line) => process.stderr.write(`${shownErrorLine(line, paintError)}\n`),
  })
  try {
    for (const [index, event] of events.entries()) {
      const answer = await answerTo(handler, event)
      const status = statusOf(answer)
      if (json) process.stdout.write(`${harmlessJson(JSON.stringify(answer))}\n`)
      else process.stdout.write(`${shownAnswer(files[index] ?? '', status, answer)}\n`)
      if (expected === null ? status !== null && (status < 200 || status > 299) : String(status) !== expected)
        process.exitCode = 1
      if (status === 401 && token !== LOCAL_TOKEN && event.kind === 'http')
        process.stderr.write(
          `hint: the events of events/ have the token "${LOCAL_TOKEN}", but CALLBACK_TOKEN is set to another\n`,
        )
    }
  } finally {
    await handler.close()
  }

  function shownAnswer(file: string, status: number | null, answer: unknown): string {
    const code = status === null ? paint('green', 'done') : paint(colourOf(status), String(status))
    const body = status === null ? answer : bodyOf(answer)
    const shown = typeof body === 'string' ? harmless(body) : harmlessJson(JSON.stringify(body, null, 2))
    return `${paint('bold', harmlessLine(file))}  ${code}\n${shown}`
  }
}

async function answerTo({ call }: HandlerProcess, { kind, event }: WholeEvent): Promise<unknown> {
  return (await call(kind === 'timer' ? 'sweep_handler' : 'main_handler', event)) ?? null
}

/** null: no integrated response, as a sweep's report. */
function statusOf(answer: unknown): number | null {
  const { statusCode } = (answer ?? {}) as { statusCode?: unknown }
  return typeof statusCode === 'number' ? statusCode : null
}

function bodyOf(answer: unknown): unknown {
  const { body } = answer as { body: string }
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

// Whoever read the output has had enough of it.
process.stdout.on('error', () => process.exit(1))

main().catch((error: unknown) => {
  process.stderr.write(
    `npm run invoke: ${harmless(error instanceof Error ? error.message : String(error))}\n`,
  )
  process.exitCode = 1
})
