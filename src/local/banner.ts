import { join, relative } from 'node:path'
import type { Environment } from '../config'
import { BUILT } from './built-files'
import { placesOf } from './local-environment'
import type { Paint } from './paint'
import { LOCAL_TOKEN } from './sample-token'

/** What npm start says first: the URL, where deliveries go, and a line that sends a callback when pasted into a shell. */
export function banner(options: {
  readonly origin: string
  readonly version: string
  readonly env: Environment
  readonly paint: Paint
}): string {
  const { origin, version, env, paint } = options
  const { queue, alerts, store } = placesOf(env)
  const token = shownToken(env['CALLBACK_TOKEN'] ?? '')
  const sample = relative(process.cwd(), join(BUILT.events, 'bodies', 'failed.xml'))
  const row = (label: string, text: string): string => `  ${label.padEnd(22)}${text}`
  return [
    `${paint('bold', `cos-callback-relay ${version}`)} on this machine`,
    '',
    row('Callback URL', paint('cyan', `${origin}/${token}`)),
    row('  as API Gateway', paint('cyan', `${origin}/apigw/${token}`)),
    '',
    row('Successes go to', queue),
    row('Failures go to', alerts.join('  ')),
    row('Parked, remembered in', store),
    '',
    '  Send a callback from another terminal:',
    '',
    `  curl -i -H "Content-Type: application/xml" --data-binary "@${sample}" "${origin}/${token}"`,
    '',
    paint('dim', '  Ctrl-C stops; npm start -- --help shows the options.'),
    '',
  ].join('\n')
}

/** A token of the user's own is not for the screen: the shell puts it in, the first of several. */
function shownToken(tokens: string): string {
  if (tokens.trim() === LOCAL_TOKEN) return LOCAL_TOKEN
  return tokens.includes(',') ? '${CALLBACK_TOKEN%%,*}' : '$CALLBACK_TOKEN'
}
