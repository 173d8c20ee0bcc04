import { watchedIn } from '../../cloud/buckets'
import { ciSettings } from '../../cloud/ci-settings'
import { jsonObject } from '../../cloud/json-object'
import { reach } from '../../cloud/reach'
import { explain } from '../../failure'
import type { Session } from '../../session'
import { whatNeedsRole } from '../check-role'
import { bucketRegion, type Place, placeOption } from '../connect'
import type { DeployedCallback } from '../deployed-callback'
import type { Target } from '../targets'
import { sampleCallback } from '../test-callback'
import { fail, type Finding, ok, warn } from './finding'

/** What the function may do, tried through the function itself: keys of this machine would prove nothing of its role's. */
export async function checkRole(
  { found, url }: DeployedCallback,
  opened: readonly Target[],
  bucket: string | null,
): Promise<readonly Finding[]> {
  const { variables } = found
  const needs = whatNeedsRole(variables, opened)
  if (found.role === null) {
    const remedy =
      'run `npx serverless callback role`, which makes it; set DEPLOY_ROLE to its name, and run `npx serverless deploy`'
    return needs.length > 0
      ? [fail(`role: none, but ${needs.join(' and ')} needs one`, remedy)]
      : [warn('role: none, so alerts cannot say why a task failed', remedy)]
  }
  if (variables['VERIFY'] !== 'read-back')
    return [ok(`role: ${found.role} (tried only while VERIFY is read-back)`)]
  if (bucket === null) {
    return [
      warn(
        `role: ${found.role}: not tried`,
        'name a bucket to ask CI about: --bucket NAME-APPID with --workflow or --queue',
      ),
    ]
  }
  const response = await reach(url, { method: 'POST', body: Buffer.from(sampleCallback('Success', bucket)) })
  if (response.status === 403)
    return [ok(`role: ${found.role}; read-back works: CI says that a made-up execution is none`)]
  const { outcome } = jsonObject(response.body)
  return [
    fail(
      `role: ${found.role}; read-back does not work (${response.status}${typeof outcome === 'string' ? `, ${outcome}` : ''})`,
      'give the role ci:DescribeMediaWorkflowExecutions, ci:DescribeMediaJob, ci:DescribeDocProcessJob and ci:DescribeAuditingVirusJob on qcs::ci:<region>:uid/<appid>:bucket/<bucket>/*, and see `npx serverless logs -f callback`',
    ),
  ]
}

export async function checkConnection(
  session: Session,
  { found, url }: DeployedCallback,
): Promise<readonly Finding[]> {
  const named = placeOption(session)
  const watched = watchedIn(found.variables).map(({ bucket, workflowId }) => {
    return { bucket, kind: 'workflow' as const, id: workflowId }
  })
  const places: readonly (Place & { readonly bucket: string })[] = named === null ? watched : [named]
  if (places.length === 0) {
    return [
      warn(
        'connection: not checked',
        'name it: --bucket NAME-APPID with --workflow ID or --queue ID (or set RECONCILE)',
      ),
    ]
  }
  return Promise.all(
    places.map(async ({ bucket, kind, id }) => {
      const what = `connection: ${kind} ${id} in ${bucket}`
      const remedy = `\`npx serverless callback connect --bucket ${bucket} --${kind} ${id}\``
      try {
        const { notify, state } = await ciSettings(
          bucket,
          bucketRegion(session, found.variables),
          session.credentials(),
        ).read(kind, id)
        if (notify.Url !== url) return fail(`${what}: its callback is not this function`, remedy)
        if (notify.State !== 'On' || notify.Type !== 'Url' || !notify.Event.includes('WorkflowFinish')) {
          return fail(
            `${what}: the URL is right, but State is ${notify.State}, Type ${notify.Type}, Event ${notify.Event}`,
            remedy,
          )
        }
        return state === 'Active'
          ? ok(what)
          : warn(`${what}: connected, but the ${kind} is ${state}`, 'enable it in the console')
      } catch (error) {
        return fail(
          `${what}: ${explain(error)}`,
          'check the id and the bucket, and the permissions of the credentials',
        )
      }
    }),
  )
}
