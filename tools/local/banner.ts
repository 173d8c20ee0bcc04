import { join, relative } from 'node:path'
import type { Environment } from '../../src/config/read-config'
import { BUILT } from './built-files'
import { placesOf, tokensOf } from './local-environment'
import type { Paint } from './paint'
import { LOCAL_TOKEN } from './sample-token'

/** What npm start says first: the URL, where deliveries go, and a line that sends a callback when pasted into a shell. */
export function banner(options: {
  readonly origin: string
  readonly version: string
  readonly env: Environment
  /** Whether the token was made for this run: then nobody knows it who does not read this. */
  readonly isTokenRandom: boolean
  readonly paint: Paint
}): string {
  const { origin, version, env, isTokenRandom, paint } = options
  const [first = '', ...more] = tokensOf(env)
  // A token of the user's own is not for the screen: the shell puts it in, the first of several.
  const own = more.length > 0 ? '${CALLBACK_TOKEN%%,*}' : '$CALLBACK_TOKEN'
  const token = isTokenRandom || (first === LOCAL_TOKEN && more.length === 0) ? first : own
  const sample = relative(process.cwd(), join(BUILT.events, 'bodies', 'failed.xml'))
  return [
    `${paint('bold', `cos-callback-relay ${version}`)} on this machine`,
    '',
    row('Callback URL', paint('cyan', `${origin}/${token}`)),
    row('  as API Gateway', paint('cyan', `${origin}/apigw/${token}`)),
    ...(isTokenRandom
      ? ['', '  The token is random, for this run alone: what comes in goes beyond this machine.']
      : []),
    ...(token === own && !process.env['CALLBACK_TOKEN']
      ? ['', '  The token stands in .env, which this shell has not read: put it in for $CALLBACK_TOKEN.']
      : []),
    '',
    whereTo(env),
    '',
    '  Send a callback from another terminal:',
    '',
    `  curl -i -H "Content-Type: application/xml" --data-binary "@${sample}" "${origin}/${token}"`,
    '',
    paint('dim', '  Ctrl-C stops; npm start -- --help shows the options.'),
    '',
  ].join('\n')
}

/** What is relayed where. */
export function whereTo(env: Environment): string {
  const { queue, alerts, store } = placesOf(env)
  return [
    row('Successes go to', queue),
    row('Failures go to', alerts.join('  ')),
    row('Parked, remembered in', store),
  ].join('\n')
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(22)}${text}`
}
