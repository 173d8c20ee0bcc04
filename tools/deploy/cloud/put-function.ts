import { type CallApi, CloudError } from './cloud-api'
import {
  type DeployedFunction,
  environmentOf,
  findFunction,
  isBusy,
  NAMESPACE,
  untilActive,
  untilGone,
} from './functions'

/** A function as the settings want it. */
export interface FunctionToBe {
  readonly name: string
  readonly handler: string
  readonly description: string
  readonly runtime: string
  /** MB. */
  readonly memory: number
  /** s. */
  readonly timeout: number
  /** Null: none. */
  readonly role: string | null
  readonly vpc: { readonly vpcId: string; readonly subnetId: string } | null
  readonly variables: Readonly<Record<string, string>>
  readonly code: { readonly bucket: string; readonly key: string; readonly region: string }
  /** Whether its log goes to CLS from the first day. */
  readonly logs: boolean
}

export interface Put {
  readonly call: CallApi
  readonly say: (text: string) => void
}

/**
 * Makes a function, or makes one that is there what it should be: its code, then its settings, those that are no longer wanted taken away. One whose
 * creation failed is deleted and made anew, for the service takes no update of it.
 */
export async function putFunction({ call, say }: Put, wanted: FunctionToBe): Promise<void> {
  const { name } = wanted
  let found = await findFunction(call, name)
  if (found?.status === 'CreateFailed') {
    say(
      `${name} could not be made before (${found.reason || 'no reason given'}): deleting it, to make it anew`,
    )
    await call('scf', 'DeleteFunction', { FunctionName: name, Namespace: NAMESPACE })
    await untilGone(call, name)
    found = null
  }
  if (found === null) return create({ call, say }, wanted)
  if (found.runtime !== wanted.runtime)
    throw new Error(
      `${name} runs on ${found.runtime}, and a function's runtime cannot be changed: set DEPLOY_RUNTIME=${found.runtime}; or run \`npx serverless remove\`, then \`npx serverless deploy\`, which gives it a new URL to connect.`,
    )
  await update({ call, say }, wanted, found)
}

async function create({ call, say }: Put, wanted: FunctionToBe): Promise<void> {
  const { name, code } = wanted
  const parameters = {
    FunctionName: name,
    Namespace: NAMESPACE,
    Runtime: wanted.runtime,
    Handler: wanted.handler,
    Type: 'Event',
    Description: wanted.description,
    MemorySize: wanted.memory,
    Timeout: wanted.timeout,
    Environment: environmentOf(wanted.variables),
    Code: { CosBucketName: code.bucket, CosObjectName: `/${code.key}`, CosBucketRegion: code.region },
    ...(wanted.role !== null && { Role: wanted.role }),
    ...(wanted.vpc !== null && networkOf(wanted.vpc)),
  }
  const logs = { AutoCreateClsTopic: 'TRUE', AutoDeployClsTopicIndex: 'TRUE' }
  try {
    await call('scf', 'CreateFunction', { ...parameters, ...(wanted.logs && logs) })
  } catch (error) {
    if (!(wanted.logs && error instanceof CloudError && /cls/i.test(`${error.code} ${error.message}`)))
      throw error
    say(`${name}: CLS could not be had for its log (${error.code}); made without`)
    await call('scf', 'CreateFunction', parameters)
  }
  await untilActive(call, name)
}

async function update({ call, say }: Put, wanted: FunctionToBe, found: DeployedFunction): Promise<void> {
  const { name, code } = wanted
  // Still at work on what somebody else has changed.
  if (isBusy(found)) await untilActive(call, name)
  await call('scf', 'UpdateFunctionCode', {
    FunctionName: name,
    Namespace: NAMESPACE,
    Handler: wanted.handler,
    CosBucketName: code.bucket,
    CosObjectName: `/${code.key}`,
    CosBucketRegion: code.region,
  })
  await untilActive(call, name)
  await call('scf', 'UpdateFunctionConfiguration', {
    FunctionName: name,
    Namespace: NAMESPACE,
    Description: wanted.description,
    MemorySize: wanted.memory,
    Timeout: wanted.timeout,
    Environment: environmentOf(wanted.variables),
    ...(wanted.role !== null && { Role: wanted.role }),
    ...(wanted.vpc !== null && networkOf(wanted.vpc)),
  })
  await untilActive(call, name)
  if (wanted.role === null && found.role !== null)
    await takeAway({ call, say }, wanted, { Role: '' }, `the role ${found.role}`, ({ role }) => role === null)
  if (wanted.vpc === null && found.vpc !== null) {
    const none = { VpcConfig: { VpcId: '', SubnetId: '' } }
    await takeAway({ call, say }, wanted, none, `the VPC ${found.vpc.vpcId}`, ({ vpc }) => vpc === null)
  }
}

/** What is no longer set. That an empty value takes it away is not documented: looked at, and said where it stays. */
async function takeAway(
  { call, say }: Put,
  { name }: FunctionToBe,
  empty: object,
  what: string,
  isGone: (found: DeployedFunction) => boolean,
): Promise<void> {
  try {
    await call('scf', 'UpdateFunctionConfiguration', { FunctionName: name, Namespace: NAMESPACE, ...empty })
    await untilActive(call, name)
  } catch (error) {
    if (!(error instanceof CloudError)) throw error
  }
  const now = await findFunction(call, name)
  say(
    now !== null && isGone(now)
      ? `${name}: ${what}, which is no longer set, is taken away`
      : `${name}: ${what} is no longer set, but stays: take it off in SCF's console`,
  )
}

/** In a VPC, too, a function talks to robots and to CI, which are outside: to be asked for. */
function networkOf({ vpcId, subnetId }: NonNullable<FunctionToBe['vpc']>): object {
  return {
    VpcConfig: { VpcId: vpcId, SubnetId: subnetId },
    PublicNetConfig: { PublicNetStatus: 'ENABLE', EipConfig: { EipStatus: 'DISABLE' } },
  }
}

/** Sets these tags and leaves all others as they are. */
export async function putTags(
  call: CallApi,
  region: string,
  functionId: string,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  await call('tag', 'ModifyResourceTags', {
    Resource: `qcs::scf:${region}::lam/${functionId}`,
    ReplaceTags: Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
  })
}
