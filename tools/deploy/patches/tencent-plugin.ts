import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Credentials } from '../../../src/tencent/credentials'
import { type CallApi, cloudApi } from '../cloud/cloud-api'
import { variablesOf } from '../variables'
import { findFunction, NAMESPACE } from '../cloud/functions'
import { putFunction, putTags } from '../cloud/put-function'
import { putTimer } from '../cloud/put-timer'
import type { Options, Serverless, ServerlessFunction } from '../serverless'

/** serverless-tencent-scf 0.1.36, as far as it is completed here. */
interface Resource {
  readonly Properties: {
    Role?: string
    enableRoleAuth: boolean
    Environment?: { readonly Variables: Readonly<Record<string, string>> }
    readonly VpcConfig?: { readonly VpcId?: string; readonly SubnetId?: string }
    readonly CodeUri: { readonly Bucket: string; readonly Key: string }
    readonly Description: string
    readonly Handler: string
    readonly MemorySize: number | string
    readonly Timeout: number | string
    readonly Region: string
    readonly Runtime: string
    Events?: readonly Readonly<Record<string, TriggerToBe>>[]
  }
}
interface NamedResource extends Resource {
  readonly FuncName: string
}
interface Provider {
  readonly options: Options
  readonly serverless: Serverless
  getCredentials: () => void
  getUserCred: (options: Options) => Promise<Options>
  getUserAuth: () => Promise<boolean>
  doLogin: () => Promise<never>
  getTempKey: () => Promise<never>
  getEnvironment: (settings: ServerlessFunction) => { Variables: Readonly<Record<string, string>> } | null
  getFunctionResource: (settings: ServerlessFunction, ...rest: unknown[]) => Resource
}
interface Services {
  readonly Resources: { readonly default: Readonly<Record<string, unknown>> }
}
/** What the two deployers have of their command. */
interface Deployer {
  readonly options: { readonly region: string }
  readonly serverless: Serverless
}
interface FunctionDeployer extends Deployer {
  deploy: (namespace: string, settings: NamedResource) => Promise<null>
  addRole: () => Promise<void>
  checkStatus: (namespace: string, settings: NamedResource) => Promise<boolean>
  getFunction: (namespace: string, name: string) => Promise<Record<string, unknown> | null>
  createTags: (namespace: string, name: string, tags: Readonly<Record<string, string>>) => Promise<void>
  uploadService2Cos: (bucket: string, key: string, services: Services) => Promise<unknown>
}
interface TriggerToBe {
  readonly Type: string
  readonly Properties: { readonly CronExpression?: string; readonly Enable?: boolean }
}
interface TriggerDeployer extends Deployer {
  create: (namespace: string, old: unknown, settings: NamedResource, ...rest: unknown[]) => Promise<unknown>
}
interface Tools {
  readonly Others: {
    readonly DataReport: { readonly DataReport: { readonly prototype: { report: () => Promise<boolean> } } }
  }
}

/** Told by a deploy in API Gateway's mode when the service refuses the trigger. */
export const GATEWAY_REFUSED =
  'API Gateway takes no new triggers since 2024-07-01, and is shut down in batches from 2026-10-30 on. Deploy without trigger=apigw to get a function URL, or name a service that you still have with --param serviceId=service-…'

/**
 * Makes up for what serverless-tencent-scf does wrong, at its own seams; what it does right stays its business.
 *
 * `credentials` is asked when a command first needs them, and throws when there are none.
 */
export function completeTencentPlugin(serviceDir: string, credentials: () => Credentials): void {
  const load = createRequire(join(serviceDir, 'package.json'))
  const plugin = createRequire(load.resolve('serverless-tencent-scf/package.json'))

  const tools = plugin('serverless-tencent-tools') as Tools
  tools.Others.DataReport.DataReport.prototype.report = () => Promise.resolve(true)

  completeProvider((plugin('./provider/tencentProvider') as { prototype: Provider }).prototype, credentials)
  const callFor: CallFor = ({ options }) => cloudApi(credentials(), options.region)
  completeFunctions(
    (plugin('./deploy/lib/deployFunction') as { prototype: FunctionDeployer }).prototype,
    callFor,
  )
  completeTriggers(
    (plugin('./deploy/lib/deployTrigger') as { prototype: TriggerDeployer }).prototype,
    callFor,
  )
}

function completeProvider(provider: Provider, credentials: () => Credentials): void {
  // Its constructor calls this for every command, also for those that need none.
  provider.getCredentials = () => undefined
  provider.getUserCred = async function (options) {
    const mine = credentials()
    options['credentials'] ??= {
      tencent_secret_id: mine.secretId,
      tencent_secret_key: mine.secretKey,
      tencent_appid: (await cloudApi(mine, '')('cam', 'GetUserAppId', {}))['AppId'],
    }
    if (mine.sessionToken !== null) options['token'] = mine.sessionToken
    return options
  }
  // Asks a host of the plugin's authors whether the account has passed the real-name check.
  provider.getUserAuth = () => Promise.resolve(true)
  provider.doLogin = provider.getTempKey = () =>
    Promise.reject(new Error('There is no login: set TENCENT_SECRET_ID and TENCENT_SECRET_KEY.'))

  // Its own puts one function's variables into the next one's.
  provider.getEnvironment = function (settings) {
    const variables = variablesOf({
      ...this.serverless.service.provider.environment?.variables,
      ...settings.environment?.variables,
    })
    return Object.keys(variables).length === 0 ? null : { Variables: variables }
  }
  const { getFunctionResource } = provider
  provider.getFunctionResource = function (settings, ...rest) {
    const resource = getFunctionResource.call(this, settings, ...rest)
    resource.Properties.enableRoleAuth = String(this.serverless.service.provider.enableRoleAuth) !== 'false'
    if (resource.Properties.Role === '') delete resource.Properties.Role
    return resource
  }
}

type CallFor = (deployer: Deployer) => CallApi

/** Its calls are those of 2020, are never tried again, and leave out what the API takes today. */
function completeFunctions(deployer: FunctionDeployer, callFor: CallFor): void {
  const { addRole, uploadService2Cos } = deployer
  let role: Promise<void> | null = null
  deployer.addRole = function () {
    role ??= addRole.call(this)
    return role
  }
  deployer.deploy = async function (_namespace, { FuncName: name, Properties: wanted }) {
    if (wanted.enableRoleAuth) await this.addRole()
    const { VpcId: vpcId = '', SubnetId: subnetId = '' } = wanted.VpcConfig ?? {}
    await putFunction(
      { call: callFor(this), say: (text) => this.serverless.cli.log(text) },
      {
        name,
        handler: wanted.Handler,
        description: wanted.Description,
        runtime: wanted.Runtime,
        memory: Number(wanted.MemorySize),
        timeout: Number(wanted.Timeout),
        role: wanted.Role || null,
        vpc: vpcId === '' ? null : { vpcId, subnetId },
        variables: wanted.Environment?.Variables ?? {},
        code: { bucket: wanted.CodeUri.Bucket, key: wanted.CodeUri.Key, region: wanted.Region },
        logs: String(this.serverless.service.custom?.relay?.logs) !== 'off',
      },
    )
    return null
  }
  deployer.checkStatus = async function (_namespace, { FuncName: name }) {
    return (await findFunction(callFor(this), name))?.status === 'Active'
  }
  deployer.getFunction = async function (_namespace, name) {
    return callFor(this)('scf', 'GetFunction', {
      FunctionName: name,
      Namespace: NAMESPACE,
      ShowCode: 'FALSE',
    })
  }
  // Its own takes away every tag that is not its own.
  deployer.createTags = async function (_namespace, name, tags) {
    const found = await findFunction(callFor(this), name)
    if (found !== null) await putTags(callFor(this), this.options.region, found.id, tags)
  }
  // What is kept in the bucket for a rollback would hold the token and every URL's password.
  deployer.uploadService2Cos = function (bucket, key, services) {
    return uploadService2Cos.call(this, bucket, key, withoutEnvironment(services))
  }
}

export function withoutEnvironment(services: Services): Services {
  const copy = structuredClone(JSON.parse(JSON.stringify(services)) as Services)
  for (const resource of Object.values(copy.Resources.default)) {
    if (typeof resource === 'object') delete (resource as Resource).Properties.Environment
  }
  return copy
}

function completeTriggers(deployer: TriggerDeployer, callFor: CallFor): void {
  const { create } = deployer
  // Its own takes every cron expression for one of five fields, and so would delete the timer and make it anew at each deploy.
  deployer.create = async function (namespace, old, settings, ...rest) {
    const events = settings.Properties.Events ?? []
    const isTimer = (event: Readonly<Record<string, TriggerToBe>>): boolean =>
      Object.values(event).some(({ Type }) => /^timer$/i.test(Type))
    for (const event of events.filter(isTimer)) {
      for (const [name, { Properties }] of Object.entries(event)) {
        const timer = { name, cron: Properties.CronExpression ?? '', open: Properties.Enable ?? false }
        const done = await putTimer(callFor(this), settings.FuncName, timer)
        this.serverless.cli.log(`Timer ${name} of ${settings.FuncName}: ${done}`)
      }
    }
    const others = events.filter((event) => !isTimer(event))
    if (others.length === 0) return null
    try {
      return await create.call(
        this,
        namespace,
        old,
        { ...settings, Properties: { ...settings.Properties, Events: others } },
        ...rest,
      )
    } catch (error) {
      const { code, message } = error as { code?: unknown; message?: unknown }
      throw new Error(
        `The API Gateway trigger was refused (${String(code)}: ${String(message)}). ${GATEWAY_REFUSED}`,
      )
    }
  }
}
