import { bucketsOption } from './buckets'
import { configurationOf } from '../variables'
import { type CallApi, CloudError } from './cloud-api'
import { type Statement, statementsFor } from './role-policy'
import type { Session } from '../session'

/** Who may take the role on: SCF alone. */
const TRUST = JSON.stringify({
  version: '2.0',
  statement: [{ effect: 'allow', action: 'sts:AssumeRole', principal: { service: 'scf.qcloud.com' } }],
})

/**
 * `serverless callback role [--bucket B,B2] [--dry-run]`: makes the role that these settings need, with the least policy, or brings the policy of one that
 * was made so up to date. What else hangs on that role stays.
 */
export async function putRole(session: Session): Promise<void> {
  const { call, options, print, region, serverless, stage } = session
  const variables = configurationOf(serverless.service)
  const buckets = bucketsOption(options, variables)
  if (buckets.length === 0 && variables['VERIFY'] === 'read-back')
    throw new Error(
      'While VERIFY is read-back, CI is asked about executions: in which buckets? Give them with --bucket NAME-APPID,NAME-APPID.',
    )
  const { AppId, OwnerUin } = await call('cam', 'GetUserAppId', {})
  const statements = statementsFor(variables, {
    appId: String(AppId),
    uin: String(OwnerUin),
    region,
    mediaRegion: variables['COS_REGION'] ?? region,
    buckets,
  })
  if (statements.length === 0) {
    print([
      'These settings need no role. One that reads executions lets alerts say why a task failed: name the buckets with --bucket NAME-APPID.',
    ])
    return
  }
  const name = `${serverless.service.service}-${stage}`
  const policy = JSON.stringify({ version: '2.0', statement: statements }, null, 2)
  print([
    `Role ${name}, for SCF alone, with the policy ${name}:`,
    ...policy.split('\n').map((line) => `  ${line}`),
  ])
  if (options['dry-run'] === true) {
    print('Nothing was changed (--dry-run).')
    return
  }
  const role = await putRoleItself(call, name, session.stage)
  const policyDone = await putPolicy(call, name, statements)
  await attach(call, name)
  print(`The role was ${role}, its policy ${policyDone}.`)
  if ((serverless.service.provider.role ?? '') === name) print('Next: `npx serverless deploy`')
  else print(`Next: set DEPLOY_ROLE=${name}, then \`npx serverless deploy\``)
}

async function putRoleItself(call: CallApi, name: string, stage: string): Promise<'made' | 'there'> {
  try {
    await call('cam', 'CreateRole', {
      RoleName: name,
      PolicyDocument: TRUST,
      Description: `What cos-callback-relay may do, stage ${stage}`,
    })
    return 'made'
  } catch (error) {
    if (error instanceof CloudError && error.code === 'InvalidParameter.RoleNameInUse') return 'there'
    throw error
  }
}

async function putPolicy(
  call: CallApi,
  name: string,
  statements: readonly Statement[],
): Promise<'made' | 'brought up to date'> {
  const PolicyDocument = JSON.stringify({ version: '2.0', statement: statements })
  try {
    await call('cam', 'CreatePolicy', { PolicyName: name, PolicyDocument })
    return 'made'
  } catch (error) {
    if (!(error instanceof CloudError && /PolicyNameInUse$/.test(error.code))) throw error
    await call('cam', 'UpdatePolicy', { PolicyName: name, PolicyDocument })
    return 'brought up to date'
  }
}

/** Attaching what is attached is no error (598/34571). */
async function attach(call: CallApi, name: string): Promise<void> {
  await call('cam', 'AttachRolePolicy', { AttachRoleName: name, PolicyName: name })
}
