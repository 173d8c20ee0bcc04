import { redactor } from '../../src/log'
import { type Environment, secretsIn } from '../../src/config/read-config'
import type { HandlerLine } from './handler-process'
import { shownRecord } from './log-line'
import type { Paint } from './paint'
import { LOCAL_TOKEN } from './sample-token'

/** Blanks out every secret of the environment; the token of this repository's samples is none. */
export function localRedactor(env: Environment): (text: string) => string {
  const secrets = secretsIn({ ...env, RELAY_LOCAL: undefined })
  return redactor(secrets.filter((secret) => secret !== LOCAL_TOKEN))
}

/** One line that the handler printed, as a person likes to see it: a log record in short, anything else (an alert's text) set off by a bar. */
export function shownLine({ text, record }: HandlerLine, paint: Paint): string {
  return record === null ? `${paint('cyan', '  │')} ${text}`.trimEnd() : shownRecord(record, paint)
}

/** A line of the handler's error output: set off, too, so that it cannot pass for one of the tools'. */
export function shownErrorLine(line: string, paint: Paint): string {
  return `${paint('red', '  │')} ${line}`.trimEnd()
}
