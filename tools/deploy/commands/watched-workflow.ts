import { watchedIn } from '../cloud/buckets'
import type { Session } from '../session'
import { configurationOf } from '../variables'

/** The options that name the first workflow of RECONCILE; where there is none, what to put there. */
export function watchedWorkflow({ serverless }: Session): string {
  const [first] = watchedIn(configurationOf(serverless.service))
  return first === undefined
    ? '--bucket BUCKET-APPID --workflow ID'
    : `--bucket ${first.bucket} --workflow ${first.workflowId}`
}
