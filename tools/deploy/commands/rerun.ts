import { configurationOf } from '../variables'
import { ciSettings } from '../cloud/ci-settings'
import { ciExecutions, type Execution, MOST_LISTED } from '../cloud/ci-executions'
import { confirmed } from './confirm'
import { bucketOption, watchedIn } from '../cloud/buckets'
import { bucketRegion } from './connect'
import { explain } from '../failure'
import { pause } from '../cloud/pause'
import type { Session } from '../session'
import { startOf } from './show-logs'
import { textOption } from '../serverless'

const USAGE = 'RUN_ID --bucket NAME-APPID, or --failed --since 2h --bucket NAME-APPID --workflow ID'
/** A pause between two, ms: CI takes some tens a second. */
const PACE_MS = 50

/**
 * `serverless callback rerun RUN_ID`, `… --failed --since 2h --workflow W`: starts executions anew, each over the same object by the same workflow, and says which
 * new run belongs to which. One that cannot be started does not keep the others from it.
 */
export async function rerun(session: Session): Promise<void> {
  const { options, print } = session
  const runId = textOption(options, 'run')
  const isForFailed = options['failed'] === true
  if ((runId === null) === !isForFailed) throw new Error(`Run what again? Give ${USAGE}.`)
  if (runId !== null && !/^[\w-]{1,128}$/.test(runId))
    throw new Error('That is no RunId: letters, digits and - alone.')
  const configuration = configurationOf(session.serverless.service)
  const [watched] = watchedIn(configuration)
  const bucket = bucketOption(options) ?? watched?.bucket
  if (bucket === undefined) throw new Error(`In which bucket? Give ${USAGE}.`)
  const region = bucketRegion(session, configuration)
  const executions = ciExecutions(bucket, region, session.credentials())

  let those: readonly Execution[]
  if (runId !== null) those = [await executions.find(runId)]
  else {
    const workflow = textOption(options, 'workflow') ?? watched?.workflowId
    if (workflow === undefined) throw new Error(`Of which workflow? Give ${USAGE}.`)
    const now = Date.now()
    those = await executions.failed(workflow, startOf(textOption(options, 'since') ?? '2h', now), now)
    // CI answers an empty list about a workflow that it does not know, too.
    if (those.length === 0) await ciSettings(bucket, region, session.credentials()).read('workflow', workflow)
    const all = those.length
    those = newestOfEach(those)
    if (those.length < all)
      print(`${all - those.length} of ${all} failed runs are left out: their objects failed again later.`)
  }
  if (those.length === 0) {
    print('None failed in that time.')
    return
  }
  print([
    `${those.length} ${those.length === 1 ? 'run' : 'runs'} in ${bucket}${those.length === MOST_LISTED ? ` (no more are taken at once: give a shorter --since for the rest)` : ''}:`,
    ...those.map(({ runId: id, state, createdAt, object }) => `  ${id}  ${state}  ${createdAt}  ${object}`),
  ])
  if (options['dry-run'] === true) {
    print('Nothing was started (--dry-run).')
    return
  }
  if (
    !(await confirmed(
      session,
      `Start ${those.length === 1 ? 'it' : `these ${those.length}`} anew? Each is billed as a run of its own.`,
    ))
  ) {
    print('Nothing was started.')
    return
  }
  let failures = 0
  for (const { runId: id, workflowId, object } of those) {
    try {
      print(`${id} -> ${await executions.start(workflowId, object)}`)
    } catch (error) {
      failures += 1
      print(`${id} was not started: ${explain(error)}`)
    }
    await pause(PACE_MS)
  }
  if (failures > 0) throw new Error(`${failures} of ${those.length} were not started: see above.`)
}

/** One run an object, the latest: each start does the whole of the workflow. */
function newestOfEach(executions: readonly Execution[]): readonly Execution[] {
  const newest = new Map<string, Execution>()
  for (const one of executions) {
    const known = newest.get(one.object)
    if (known === undefined || Date.parse(one.createdAt) > Date.parse(known.createdAt))
      newest.set(one.object, one)
  }
  return [...newest.values()]
}
