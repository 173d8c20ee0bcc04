import { bucketOption } from '../cloud/buckets'
import { maskedUrl } from '../cloud/callback-url'
import { configurationOf } from '../variables'
import { type CiPlace, ciSettings, NOTIFY_FIELDS, type NotifyConfig } from '../cloud/ci-settings'
import { reach } from '../cloud/reach'
import { deployedCallback, lengthProblem } from './deployed-callback'
import { findFunction } from '../cloud/functions'
import type { Session } from '../session'
import { textOption } from '../serverless'

export interface Place {
  readonly kind: 'queue' | 'workflow'
  readonly id: string
}

/** What the command line names; null when it names none. Throws when it names half of it or both. */
export function placeOption(session: Session): (Place & { readonly bucket: string }) | null {
  const bucket = bucketOption(session.options)
  const workflow = textOption(session.options, 'workflow')
  const queue = textOption(session.options, 'queue')
  if (bucket === null && workflow === null && queue === null) return null
  const usage = '--bucket NAME-APPID with either --workflow ID or --queue ID'
  if (bucket === null) throw new Error(`Which bucket? Give ${usage}.`)
  const [kind, id] = workflow === null ? (['queue', queue] as const) : (['workflow', workflow] as const)
  if (id === null || (workflow !== null && queue !== null))
    throw new Error(`Workflow or queue? Give ${usage}.`)
  if (!/^[\w-]+$/.test(id)) throw new Error(`--${kind} ${id} is not an id: it is letters and digits.`)
  return { kind, id, bucket }
}

/** COS and CI live in the region of the bucket, which need not be the function's. */
export function bucketRegion(session: Session, variables: Readonly<Record<string, string>>): string {
  return variables['COS_REGION'] ?? session.region
}

/**
 * `serverless callback connect`: sets the callback of a workflow or a queue to the deployed URL. Shows the change first and, with
 * `--dry-run`, leaves it at that. What it does not set stays as it is.
 */
export async function connect(session: Session): Promise<void> {
  const { options, print } = session
  const place = placeOption(session)
  if (place === null)
    throw new Error('Connect what? Give --bucket NAME-APPID with either --workflow ID or --queue ID.')
  const { found, address, url } = await deployedCallback(session)
  const tooLong = lengthProblem(url)
  if (tooLong !== null) throw new Error(tooLong)
  await mustAnswer(url)

  const settings = ciSettings(place.bucket, bucketRegion(session, found.variables), session.credentials())
  const before = await settings.read(place.kind, place.id)
  const wanted: NotifyConfig = {
    State: 'On',
    Type: 'Url',
    Url: url,
    Event: textOption(options, 'event') ?? eventsFor(before),
    ResultFormat: textOption(options, 'format') ?? (before.notify.ResultFormat || 'XML'),
  }
  const changed = NOTIFY_FIELDS.filter((field) => before.notify[field] !== wanted[field])
  print(`${place.kind} ${place.id} (${before.name}) in ${place.bucket}:`)
  if (changed.length === 0) {
    print('  is connected already: nothing to change.')
    return
  }
  const show = (value: string): string =>
    value === url ? maskedUrl(address) : withoutPath(value) || '(none)'
  print(changed.map((field) => `  ${field}: ${show(before.notify[field])} -> ${show(wanted[field])}`))
  if (options['dry-run'] === true) {
    print('Nothing was changed (--dry-run).')
    return
  }
  const remedy = session.command(`callback enable --bucket ${place.bucket} --workflow ${place.id}`)
  await settings.update(before, wanted, remedy)
  const after = await settings.read(place.kind, place.id)
  const wrong = NOTIFY_FIELDS.filter((field) => after.notify[field] !== wanted[field])
  if (wrong.length > 0)
    throw new Error(
      `CI took the change, but does not show it in ${wrong.join(', ')}: look at the ${place.kind} in the console.`,
    )
  if (after.state !== before.state)
    throw new Error(
      `The ${place.kind} was ${before.state} and is now ${after.state}: set it back ${place.kind === 'workflow' && before.state === 'Active' ? `by \`${remedy}\`, or ` : ''}in the console.`,
    )
  print(
    place.kind === 'workflow' ? 'Connected; CI says that it takes up to 5 minutes to work.' : 'Connected.',
  )
}

/** `serverless callback enable`: what is left to do when `connect` could not put a workflow back. Needs no callback that works. */
export async function enable(session: Session): Promise<void> {
  const place = placeOption(session)
  if (place?.kind !== 'workflow') throw new Error('Enable what? Give --bucket NAME-APPID with --workflow ID.')
  const found = await findFunction(session.call, session.functionName('callback'))
  const region = bucketRegion(session, found?.variables ?? configurationOf(session.serverless.service))
  const settings = ciSettings(place.bucket, region, session.credentials())
  await settings.enable(place.id)
  const { name, state } = await settings.read('workflow', place.id)
  if (state !== 'Active')
    throw new Error(`CI took it, but the workflow is ${state}: enable it in the console.`)
  session.print(`workflow ${place.id} (${name}) in ${place.bucket} is enabled.`)
}

/** What was asked for before goes on being called back: the relay takes jobs, too. Only media's queues know workflows. */
function eventsFor({ kind, path, notify }: CiPlace): string {
  const wanted =
    kind === 'workflow'
      ? ['WorkflowFinish']
      : path === '/queue'
        ? ['TaskFinish', 'WorkflowFinish']
        : ['TaskFinish']
  const before = notify.Event === '' ? [] : notify.Event.split(',')
  const least = before.length === 0 ? wanted : wanted.slice(-1)
  return [...before, ...least.filter((one) => !before.includes(one))].join(',')
}

/** A callback lost because nobody answers is lost for good: CI's documents promise no retry. */
async function mustAnswer(url: string): Promise<void> {
  const { status } = await reach(url)
  if (status !== 200) {
    throw new Error(
      `The callback URL answers ${status}, so nothing was connected: run \`npx serverless callback doctor\`.`,
    )
  }
}

/** Another callback's path may hold its secret. */
function withoutPath(value: string): string {
  if (!URL.canParse(value)) return value
  const url = new URL(value)
  return url.pathname === '/' && url.search === '' ? url.origin : `${url.origin}/…`
}
