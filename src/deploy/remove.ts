import { explain } from './failure'
import { findFunction, listTriggers } from './functions'
import type { Session } from './session'

/** `serverless remove`: the triggers, then the functions; says what stays. */
export async function remove(session: Session): Promise<void> {
  const { call, print, region } = session
  const failures: string[] = []
  let removed = 0
  for (const key of Object.keys(session.serverless.service.functions)) {
    const name = session.functionName(key)
    try {
      if ((await findFunction(call, name)) === null) {
        print(`${name} is not there`)
        continue
      }
      // With triggers on it the service may refuse to delete a function.
      for (const trigger of await listTriggers(call, name)) {
        await call('scf', 'DeleteTrigger', {
          FunctionName: name,
          Namespace: 'default',
          TriggerName: trigger.name,
          Type: trigger.type,
          Qualifier: '$DEFAULT',
        })
        print(`Removed ${trigger.type} trigger ${trigger.name} of ${name}`)
      }
      await call('scf', 'DeleteFunction', { FunctionName: name, Namespace: 'default' })
      print(`Removed ${name}`)
      removed++
    } catch (error) {
      failures.push(`${name}: ${explain(error)}`)
    }
  }
  if (failures.length > 0)
    throw new Error(
      `Not all was removed:\n  ${failures.join('\n  ')}\nRun the command again when that is put right.`,
    )
  const bucket = session.serverless.service.provider.cosBucket ?? `sls-cloudfunction-${region}`
  print([
    `Removed ${removed} functions. What stays:`,
    `  - the packages in the COS bucket ${bucket}-<APPID>, named ${session.serverless.service.service}-${session.stage}-…`,
    '  - the role SCF_QcsRole, which other functions may use, and the role you gave, if any',
    '  - the logs in CLS, for as long as their topic keeps them',
    '  - what waits in the store: see `npm run outbox -- list`',
    '  - the callback URL in COS: take it out of the workflow or the queue, nobody answers there any more',
  ])
}
