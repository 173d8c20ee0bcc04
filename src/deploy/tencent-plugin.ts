import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Credentials } from '../tencent/credentials'
import { cloudApi } from './cloud-api'
import { variablesOf } from './check-settings'
import { pause } from './functions'
import type { Options, Serverless, ServerlessFunction } from './serverless'

/** serverless-tencent-scf 0.1.36, as far as it is completed here. */
interface Resource {
  readonly Properties: {
    Role?: string
    enableRoleAuth: boolean
    Environment?: { readonly Variables: unknown }
    readonly Events?: readonly Record<string, { readonly Type: string }>[]
  }
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
interface FunctionDeployer {
  addRole: () => Promise<void>
  checkStatus: (namespace: string, settings: { readonly FuncName: string }) => Promise<boolean>
  getFunction: (namespace: string, name: string) => Promise<{ readonly Status: string } | null>
  uploadService2Cos: (bucket: string, key: string, services: Services) => Promise<unknown>
}
interface TriggerToBe {
  readonly Type: string
  readonly Properties: { readonly CronExpression?: string; readonly Enable?: boolean }
}
interface TriggerDeployer {
  create: (namespace: string, old: unknown, settings: Resource, ...rest: unknown[]) => Promise<unknown>
  _isChanged: (
    trigger: TriggerToBe,
    old: { readonly TriggerDesc: string; readonly Enable: number },
  ) => boolean
}
interface Tools {
  readonly Others: {
    readonly DataReport: { readonly DataReport: { readonly prototype: { report: () => Promise<boolean> } } }
  }
}

/** Told by a deploy in API Gateway's mode when the service refuses the trigger. */
export const GATEWAY_REFUSED =
  'API Gateway takes no new triggers since 2024-07-01. Deploy without trigger=apigw to get a function URL, or name a service that you still have with --param serviceId=service-…'

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
  completeFunctions((plugin('./deploy/lib/deployFunction') as { prototype: FunctionDeployer }).prototype)
  completeTriggers((plugin('./deploy/lib/deployTrigger') as { prototype: TriggerDeployer }).prototype)
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

function completeFunctions(deployer: FunctionDeployer): void {
  const { addRole, uploadService2Cos } = deployer
  let role: Promise<void> | null = null
  deployer.addRole = function () {
    role ??= addRole.call(this)
    return role
  }
  // Its own waits a second after the answer was Active, too.
  deployer.checkStatus = async function (namespace, settings) {
    for (let tries = 0; tries < 90; tries++) {
      const status = (await this.getFunction(namespace, settings.FuncName))?.Status ?? ''
      if (!/^(Creating|Updating|Publishing)$/.test(status)) return status === 'Active'
      await pause(1000)
    }
    return false
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

function completeTriggers(deployer: TriggerDeployer): void {
  const { create, _isChanged: isChanged } = deployer
  // Its own takes every cron expression for one of five fields, and so makes the timer anew at each deploy.
  deployer._isChanged = function (trigger, old) {
    if (trigger.Type.toLowerCase() !== 'timer') return isChanged.call(this, trigger, old)
    return (
      cronOf(old.TriggerDesc) !== trigger.Properties.CronExpression ||
      (trigger.Properties.Enable ?? false) !== (old.Enable === 1)
    )
  }
  deployer.create = async function (namespace, old, settings, ...rest) {
    try {
      return await create.call(this, namespace, old, settings, ...rest)
    } catch (error) {
      const gateway = settings.Properties.Events?.some((event) =>
        Object.values(event).some(({ Type }) => /^apigw$/i.test(Type)),
      )
      if (!gateway) throw error
      const { code, message } = error as { code?: unknown; message?: unknown }
      throw new Error(
        `The API Gateway trigger was refused (${String(code)}: ${String(message)}). ${GATEWAY_REFUSED}`,
      )
    }
  }
}

function cronOf(description: string): string {
  try {
    return String((JSON.parse(description) as { cron?: unknown }).cron)
  } catch {
    return description
  }
}
