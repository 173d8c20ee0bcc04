import type { Command } from 'commander'
import { newCommand, notEmpty, UsageError } from '../cli/command'
import { BUILT } from './built-files'
import { readEventFile } from './event-file'
import type { WholeEvent } from './event-kind'
import { localRedactor, shownErrorLine, shownLine } from './handler-output'
import { type HandlerProcess, startHandler } from './handler-process'
import { harmless, harmlessJson, harmlessLine } from './harmless'
import { colourOf } from './log-line'
import { localEnvironment, tokensOf } from './local-environment'
import { paintFor } from './paint'
import { settingsHere } from './settings-here'
import { checkTargetsWritable } from './writable-targets'

interface InvokeOptions {
  readonly expect?: string
  readonly json?: true
}

/** `npm run invoke -- FILE…`: calls the built function with events, without a server. */
export function invokeCommand(): Command {
  return newCommand('invoke', '(as npm run invoke -- [options] FILE…)')
    .description(
      'Calls the built function with each file in turn and prints its answer. A FILE holds a gateway event (as in events/), a timer event, or a bare callback, XML or JSON, which is put into an event first. The file - is standard input.',
    )
    .argument('[FILE...]')
    .option('--expect <N>', 'the status that every answer should have', notEmpty)
    .option(
      '--json',
      'print each answer as the function returned it, one JSON line; all else goes to standard error',
    )
    .addHelpText(
      'after',
      '\nExit code 0 when every answer is 2xx (or N), 1 otherwise. The environment is that of npm start.',
    )
    .action(invoke)
}

async function invoke(files: readonly string[], options: InvokeOptions): Promise<void> {
  const expected = options.expect ?? null
  if (expected !== null && !/^[1-5]\d\d$/.test(expected))
    throw new UsageError('--expect needs an HTTP status, as in --expect 400')
  if (files.length === 0)
    throw new UsageError('name at least one file, as in: npm run invoke -- events/url-success.json')

  const settings = settingsHere(process.env, (line) => void process.stderr.write(`${harmlessLine(line)}\n`))
  const env = localEnvironment(settings)
  checkTargetsWritable(env)
  const [token = ''] = tokensOf(env)
  // All of them first: a wrong name should not leave half of the work done.
  const events: WholeEvent[] = []
  for (const file of files) events.push(await readEventFile(file, token))

  const paint = paintFor(process.stdout, env)
  const paintError = paintFor(process.stderr, env)
  const json = options.json === true
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
