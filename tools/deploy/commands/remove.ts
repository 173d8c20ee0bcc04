import { CloudError, type CallApi } from '../cloud/cloud-api'
import { explain } from '../failure'
import { findFunction, listTriggers, NAMESPACE, untilGone } from '../cloud/functions'
import type { Session } from '../session'

/** `serverless remove`: the functions, and with each its triggers; says what stays. */
export async function remove(session: Session): Promise<void> {
  const { call, print, region } = session
  const failures: string[] = []
  const roles = new Set<string>()
  let removed = 0
  for (const key of Object.keys(session.serverless.service.functions)) {
    const name = session.functionName(key)
    try {
      const found = await findFunction(call, name)
      if (found === null) {
        print(`${name} is not there`)
        continue
      }
      if (found.role !== null) roles.add(found.role)
      await removeGateways(call, name, print)
      await unlessGone(() => call('scf', 'DeleteFunction', { FunctionName: name, Namespace: NAMESPACE }))
      await untilGone(call, name)
      print(`Removed ${name}`)
      removed++
    } catch (error) {
      failures.push(`${name}: ${explain(error)}`)
    }
  }
  if (failures.length > 0)
    throw new Error(
      `Not all was removed:\n  ${failures.join('\n  ')}\nRun \`npx serverless remove\` again when that is put right.`,
    )
  const bucket = session.serverless.service.provider.cosBucket ?? `sls-cloudfunction-${region}`
  print([
    `Removed ${removed} functions. What stays:`,
    `  - the packages in the COS bucket ${bucket}-<APPID>, named ${session.serverless.service.service}-${session.stage}-…`,
    `  - the role SCF_QcsRole, which other functions may use${[...roles].map((role) => `, and the role ${role}`).join('')}`,
    '  - the logs in CLS, for as long as their topic keeps them',
    '  - what waits in the store: see `npm run outbox -- list`',
    '  - the callback URL in COS: take it out of the workflow or the queue, nobody answers there any more',
  ])
}

/** A gateway's API would stay behind, and go nowhere. Timers and function URLs go with their function. */
async function removeGateways(call: CallApi, name: string, print: Session['print']): Promise<void> {
  for (const { type, name: trigger, description, qualifier } of await listTriggers(call, name)) {
    if (type !== 'apigw') continue
    await unlessGone(() =>
      call('scf', 'DeleteTrigger', {
        FunctionName: name,
        Namespace: NAMESPACE,
        TriggerName: trigger,
        Type: type,
        TriggerDesc: description,
        Qualifier: qualifier,
      }),
    )
    print(`Removed ${type} trigger ${trigger} of ${name}`)
  }
}

async function unlessGone(remove: () => Promise<unknown>): Promise<void> {
  try {
    await remove()
  } catch (error) {
    if (!(error instanceof CloudError && error.code.startsWith('ResourceNotFound'))) throw error
  }
}
