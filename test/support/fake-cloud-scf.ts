import { randomBytes, randomUUID } from 'node:crypto'
import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runFunction, unpack } from './fake-cloud-function'

/** What the actions below are called with; the old API sends numbers as text. */
interface ApiParameters {
  readonly FunctionName: string
  readonly Namespace?: string
  readonly Runtime?: string
  readonly Handler: string
  readonly MemorySize?: string | number
  readonly Timeout?: string | number
  readonly Description?: string
  readonly Role?: string
  readonly VpcConfig?: { readonly VpcId: string; readonly SubnetId: string }
  readonly Environment?: { readonly Variables: { Key: string; Value: string }[] }
  readonly Code: CodeLocation
  readonly CosBucketName: string
  readonly CosObjectName: string
  readonly Type: string
  readonly TriggerName: string
  readonly TriggerDesc: string
  readonly Enable?: string
  readonly Qualifier?: string
  readonly ClientContext?: string
  readonly RoleName: string
  readonly AttachRoleName: string
  readonly PolicyId: string | number
  readonly Filters?: readonly { readonly Name: string; readonly Values: readonly string[] }[]
  readonly ResourceIds: readonly string[]
  readonly Resource: string
  readonly ReplaceTags?: readonly { readonly TagKey: string; readonly TagValue: string }[]
  readonly TopicId: string
  readonly From: number
  readonly To: number
  readonly QueryString: string
  readonly PolicyName?: string
  readonly PolicyDocument?: string
  readonly Name?: string
  readonly ReservedConcurrencyMem?: number
  readonly AsyncTriggerConfig?: {
    readonly RetryConfig: readonly { readonly RetryNum: number }[]
    readonly MsgTTL: number
  }
  readonly PublicNetConfig?: { readonly PublicNetStatus: string }
  readonly AutoCreateClsTopic?: string
}

type CodeLocation = Pick<ApiParameters, 'CosBucketName' | 'CosObjectName'> & {
  readonly CosBucketRegion?: string
}

/** An error of the API: code and words. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

interface FakeTrigger {
  TriggerName: string
  Type: string
  TriggerDesc: string
  Enable: number
  Qualifier: string
  /** Listings until a function URL shows its address. */
  hiddenFor: number
}

interface FakeFunction {
  FunctionName: string
  FunctionId: string
  Runtime: string
  Handler: string
  MemorySize: number
  Timeout: number
  Description: string
  Role: string | null
  VpcConfig: { VpcId: string; SubnetId: string } | null
  Environment: { Variables: { Key: string; Value: string }[] }
  ClsTopicId: string
  Status: string
  AddTime: string
  ModTime: string
  CodeSize: number
  folder: string
  busyFor: number
  triggers: FakeTrigger[]
  tags: Record<string, string>
  /** MB; 0: none. */
  reserved: number
  /** Of asynchronous calls that failed; the platform's own default is 2. */
  retries: number
  /** What `$DEFAULT` points at. */
  version: string
  isPublic: boolean
  reasons: { ErrorMessage: string }[]
}

const FRESH = {
  reserved: 0,
  retries: 2,
  version: '$LATEST',
  isPublic: true,
  reasons: [] as { ErrorMessage: string }[],
}

export interface ScfSettings {
  appId: string
  region: string
  /** API Gateway's triggers are refused, as by the real service since 2024-07-01. */
  apigwGone: boolean
  /** The topic that new functions log to; '' for none. */
  clsTopic: string
  /** What the one line in it says. */
  logged: string
  /** Whether a topic is made for a function that asks for one. */
  makesTopics: boolean
  /** A function URL takes no change, as some say of the service. */
  urlIsFixed: boolean
  /** The runtime splits `NAME=value` at every `=`, as the vendor's own bootstrap does. */
  cutsAtSecondEquals: boolean
  /** An empty role takes none away. */
  keepsRole: boolean
}

/** The services of the API 3.0 that a deploy uses: SCF, tags, CAM and, for logs, CLS. Settings may be changed between calls. */
export function fakeScf(
  settings: ScfSettings,
  /** The environment that a function with a role gets. */
  roleEnvironment: () => Readonly<Record<string, string>>,
  object: (bucket: string, key: string) => Buffer | null,
) {
  const functions = new Map<string, FakeFunction>()
  const roles = new Map<string, string[]>()
  const policies = new Map<string, string>()

  const now = (): string => new Date().toISOString().slice(0, 19).replace('T', ' ')
  const refuse = (code: string, message: string): never => {
    throw new ApiError(code, message)
  }
  const need = (p: ApiParameters): FakeFunction =>
    functions.get(p.FunctionName) ??
    refuse('ResourceNotFound.Function', `The Function resource ${p.FunctionName} could not be found.`)
  const idle = (p: ApiParameters): FakeFunction => {
    const found = need(p)
    if (found.Status !== 'Active')
      refuse('FailedOperation.FunctionStatusError', `The function is ${found.Status}.`)
    return found
  }
  const busy = (found: FakeFunction, status: string): void => {
    found.Status = status
    found.busyFor = 1
    found.ModTime = now()
  }
  const require = (ok: boolean, code: string, message: string): void => {
    if (!ok) refuse(code, message)
  }
  const environmentOf = (p: ApiParameters): FakeFunction['Environment'] => {
    const variables = p.Environment?.Variables ?? []
    const size = variables.reduce(
      (sum, { Key, Value }) => sum + Buffer.byteLength(Key) + Buffer.byteLength(Value),
      0,
    )
    require(size <=
      4096, 'InvalidParameterValue.EnvironmentExceededLimit', `The environment has ${size} bytes.`)
    for (const { Key, Value } of variables) {
      require(/^[A-Za-z]\w*$/.test(Key), 'InvalidParameterValue.EnvironmentKey', Key)
      require(!/^(SCF_|QCLOUD_|TENCENTCLOUD_)/.test(
        Key,
      ), 'InvalidParameterValue.EnvironmentSystemProtect', Key)
      require(typeof Value === 'string' && Value !== '', 'InvalidParameterValue.EnvironmentValue', Key)
    }
    return { Variables: variables }
  }
  const checkSize = (p: ApiParameters): void => {
    const memory = Number(p.MemorySize)
    const timeout = Number(p.Timeout)
    require(memory === 64 ||
      (memory >= 128 && memory <= 3072 && memory % 128 === 0), 'InvalidParameterValue.Memory', String(
      p.MemorySize,
    ))
    require(timeout >= 1 && timeout <= 900, 'InvalidParameterValue.Timeout', String(p.Timeout))
  }
  const codeOf = (code: CodeLocation): Buffer => {
    const bucket = `${code.CosBucketName}-${settings.appId}`
    require(code.CosBucketRegion === settings.region, 'InvalidParameterValue.CosBucketRegion', String(
      code.CosBucketRegion,
    ))
    return (
      object(bucket, code.CosObjectName.replace(/^\//, '')) ??
      refuse('InvalidParameterValue.CosObjectName', `no object ${code.CosObjectName} in ${bucket}`)
    )
  }
  const checkHandler = (handler: string): void =>
    require(/^\w+\.\w+$/.test(handler), 'InvalidParameterValue.Handler', handler)
  const shown = (trigger: FakeTrigger): Record<string, unknown> => {
    const description = JSON.parse(trigger.TriggerDesc)
    if (trigger.Type === 'http' && trigger.hiddenFor > 0) {
      trigger.hiddenFor--
      description.NetConfig.ExtranetUrl = ''
    }
    return {
      ...trigger,
      hiddenFor: undefined,
      TriggerDesc: JSON.stringify(description),
      AvailableStatus: 'Available',
      BindStatus: '',
    }
  }

  const actions: Record<string, (p: ApiParameters) => unknown> = {
    'cam:GetUserAppId': () => ({
      AppId: Number(settings.appId),
      OwnerUin: '100000000001',
      Uin: '100000000001',
    }),
    'cam:ListPolicies': () => ({
      TotalNum: 1,
      List: [{ PolicyId: 1, PolicyName: 'QcloudAccessForScfRole' }],
    }),
    'cam:CreateRole': (p) => {
      if (roles.has(p.RoleName)) refuse('InvalidParameter.RoleNameInUse', 'role name in use')
      roles.set(p.RoleName, [])
      return { RoleId: '1' }
    },
    'cam:AttachRolePolicy': (p) => {
      const attached =
        roles.get(p.AttachRoleName) ?? refuse('InvalidParameter.RoleNotExist', p.AttachRoleName)
      if (p.PolicyName !== undefined && !policies.has(p.PolicyName))
        refuse('ResourceNotFound.PolicyIdNotFound', p.PolicyName)
      const policy = p.PolicyName ?? String(p.PolicyId)
      if (!attached.includes(policy)) attached.push(policy)
      return {}
    },
    'cam:CreatePolicy': (p) => {
      const name = p.PolicyName ?? refuse('InvalidParameter', 'PolicyName')
      if (policies.has(name)) refuse('FailedOperation.PolicyNameInUse', name)
      policies.set(name, p.PolicyDocument ?? '')
      return { PolicyId: 2 }
    },
    'cam:UpdatePolicy': (p) => {
      const name = p.PolicyName ?? refuse('InvalidParameter', 'PolicyName')
      if (!policies.has(name)) refuse('ResourceNotFound.PolicyIdNotFound', name)
      policies.set(name, p.PolicyDocument ?? '')
      return {}
    },
    'scf:GetFunction': (p) => {
      const found = need(p)
      if (found.busyFor > 0) found.busyFor--
      else if (found.Status === 'Deleting') {
        functions.delete(found.FunctionName)
        return need(p)
      } else if (!/Failed$/.test(found.Status)) found.Status = 'Active'
      const { triggers, tags } = found
      return {
        ...found,
        folder: undefined,
        busyFor: undefined,
        triggers: undefined,
        tags: undefined,
        reserved: undefined,
        retries: undefined,
        version: undefined,
        isPublic: undefined,
        reasons: undefined,
        StatusReasons: found.reasons,
        Triggers: triggers.map((trigger) => ({ ...trigger, hiddenFor: undefined })),
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      }
    },
    'scf:CreateFunction': (p) => {
      const name = p.FunctionName
      require(/^[A-Za-z][\w-]{0,58}[A-Za-z0-9]$/.test(name), 'InvalidParameterValue.FunctionName', name)
      require(p.Namespace === 'default', 'ResourceNotFound.Namespace', p.Namespace ?? '')
      if (functions.has(name)) refuse('ResourceInUse.Function', name)
      checkSize(p)
      checkHandler(p.Handler)
      require(/^Nodejs(24\.11|22\.21|20\.19|18\.15|16\.13)$/.test(
        p.Runtime ?? '',
      ), 'InvalidParameterValue.Runtime', p.Runtime ?? '')
      require(p.Role !== '', 'InvalidParameterValue.Role', 'empty')
      require(p.VpcConfig === undefined ||
        (p.VpcConfig.VpcId !== '' && p.VpcConfig.SubnetId !== ''), 'InvalidParameterValue.VpcConfig', 'empty')
      const zip = codeOf(p.Code)
      functions.set(name, {
        FunctionName: name,
        FunctionId: `lam-${randomBytes(4).toString('hex')}`,
        Runtime: p.Runtime ?? '',
        Handler: p.Handler,
        MemorySize: Number(p.MemorySize),
        Timeout: Number(p.Timeout),
        Description: p.Description ?? '',
        Role: p.Role ?? null,
        VpcConfig: p.VpcConfig ?? null,
        Environment: environmentOf(p),
        ClsTopicId: settings.clsTopic,
        Status: 'Creating',
        AddTime: now(),
        ModTime: now(),
        CodeSize: zip.length,
        folder: unpack(zip),
        busyFor: 1,
        triggers: [],
        tags: {},
        ...FRESH,
        isPublic: p.VpcConfig === undefined || p.PublicNetConfig?.PublicNetStatus === 'ENABLE',
        ...(p.AutoCreateClsTopic === 'TRUE' &&
          settings.clsTopic === '' &&
          settings.makesTopics && { ClsTopicId: `topic-${randomBytes(4).toString('hex')}` }),
      })
      return {}
    },
    'scf:UpdateFunctionCode': (p) => {
      const found = idle(p)
      checkHandler(p.Handler)
      const zip = codeOf(p)
      Object.assign(found, { Handler: p.Handler, CodeSize: zip.length, folder: unpack(zip) })
      busy(found, 'Updating')
      return {}
    },
    'scf:UpdateFunctionConfiguration': (p) => {
      const found = idle(p)
      if (p.MemorySize !== undefined) checkSize(p)
      if (p.Runtime !== undefined)
        require(p.Runtime === found.Runtime, 'InvalidParameterValue.Runtime', 'a runtime cannot be changed')
      if (p.MemorySize !== undefined) found.MemorySize = Number(p.MemorySize)
      if (p.Timeout !== undefined) found.Timeout = Number(p.Timeout)
      if (p.Role !== undefined && !settings.keepsRole) found.Role = p.Role || null
      if (p.Description !== undefined) found.Description = p.Description
      if (p.VpcConfig !== undefined) found.VpcConfig = p.VpcConfig.VpcId === '' ? null : p.VpcConfig
      if (p.PublicNetConfig !== undefined) found.isPublic = p.PublicNetConfig.PublicNetStatus === 'ENABLE'
      if (p.Environment !== undefined) found.Environment = environmentOf(p)
      busy(found, 'Updating')
      return {}
    },
    'scf:DeleteFunction': (p) => {
      const found = need(p)
      // Its triggers go with it. It is there for a while yet, and its name is taken.
      busy(found, 'Deleting')
      return {}
    },
    'scf:CreateTrigger': (p) => {
      const found = idle(p)
      const trigger: FakeTrigger = {
        TriggerName: p.TriggerName,
        Type: p.Type,
        TriggerDesc: '{}',
        Enable: p.Enable === 'OPEN' ? 1 : 0,
        Qualifier: p.Qualifier ?? '$LATEST',
        hiddenFor: 0,
      }
      if (p.Type === 'timer') {
        require(p.TriggerDesc.split(' ').length ===
          7, 'InvalidParameterValue.TriggerDesc', 'cron takes seven fields')
        if (found.triggers.some(({ TriggerName }) => TriggerName === p.TriggerName))
          refuse('ResourceInUse.Trigger', p.TriggerName)
        trigger.TriggerDesc = JSON.stringify({ cron: p.TriggerDesc })
      } else if (p.Type === 'http') {
        // The service names it and there is one a function.
        if (found.triggers.some(({ Type }) => Type === 'http'))
          refuse('ResourceInUse.Trigger', 'the function URL exists already')
        const { AuthType, NetConfig } = JSON.parse(p.TriggerDesc)
        require(['NONE', 'CAM'].includes(AuthType) &&
          typeof NetConfig.EnableExtranet === 'boolean', 'InvalidParameterValue.TriggerDesc', p[
          'TriggerDesc'
        ])
        trigger.TriggerName = randomBytes(8).toString('hex').slice(0, 10)
        const ExtranetUrl = `https://${settings.appId}-${trigger.TriggerName}.${settings.region}.tencentscf.com`
        trigger.TriggerDesc = JSON.stringify({
          AuthType,
          NetConfig: { ...NetConfig, ExtranetUrl, IntranetUrl: '' },
        })
        trigger.hiddenFor = 1
      } else if (p.Type === 'apigw') {
        // The error's code is a guess; that it is refused is not.
        if (settings.apigwGone)
          refuse('UnsupportedOperation.Trigger', 'API Gateway triggers can no longer be created')
        const description = JSON.parse(p.TriggerDesc)
        require(description.api.isIntegratedResponse ===
          'TRUE', 'InvalidParameterValue.TriggerDesc', "the answer would not be the handler's")
        const serviceId = description.service.serviceId || `service-${randomBytes(4).toString('hex')}`
        const host = `${serviceId}-${settings.appId}.gz.apigw.tencentcs.com`
        description.service = {
          serviceId,
          subDomain: `https://${host}/${description.release.environmentName}${description.api.requestConfig.path}`,
        }
        trigger.TriggerName = serviceId
        trigger.TriggerDesc = JSON.stringify(description)
      } else refuse('InvalidParameterValue.Type', p.Type)
      found.triggers.push(trigger)
      return { TriggerInfo: shown(trigger) }
    },
    'scf:ListTriggers': (p) => {
      const { triggers } = need(p)
      return { Triggers: triggers.map(shown), TotalCount: triggers.length }
    },
    'scf:UpdateTrigger': (p) => {
      const found = idle(p)
      const trigger =
        found.triggers.find(
          ({ Type, TriggerName, Qualifier }) =>
            Type === p.Type && TriggerName === p.TriggerName && Qualifier === (p.Qualifier ?? '$LATEST'),
        ) ?? refuse('ResourceNotFound.Trigger', p.TriggerName)
      if (p.Type === 'http') {
        if (settings.urlIsFixed) refuse('ResourceNotFound.Trigger', p.TriggerName)
        const { AuthType, NetConfig } = JSON.parse(p.TriggerDesc)
        const before = JSON.parse(trigger.TriggerDesc)
        trigger.TriggerDesc = JSON.stringify({ AuthType, NetConfig: { ...before.NetConfig, ...NetConfig } })
      } else if (p.Type === 'timer') trigger.TriggerDesc = JSON.stringify({ cron: p.TriggerDesc })
      else refuse('InvalidParameterValue.Type', p.Type)
      if (p.Enable !== undefined) trigger.Enable = p.Enable === 'OPEN' ? 1 : 0
      return {}
    },
    'scf:GetAlias': (p) => {
      require(p.Name === '$DEFAULT', 'ResourceNotFound.Alias', p.Name ?? '')
      return { Name: '$DEFAULT', FunctionVersion: need(p).version }
    },
    'scf:UpdateFunctionEventInvokeConfig': (p) => {
      const { RetryConfig, MsgTTL } =
        p.AsyncTriggerConfig ?? refuse('InvalidParameterValue.AsyncTriggerConfig', '')
      require(MsgTTL >= 60 && MsgTTL <= 21_600, 'InvalidParameterValue.AsyncTriggerConfig', 'MsgTTL')
      need(p).retries = RetryConfig[0]?.RetryNum ?? 2
      return {}
    },
    'scf:GetReservedConcurrencyConfig': (p) => ({ ReservedMem: need(p).reserved }),
    'scf:PutReservedConcurrencyConfig': (p) => {
      need(p).reserved = Number(p.ReservedConcurrencyMem)
      return {}
    },
    'scf:DeleteReservedConcurrencyConfig': (p) => {
      need(p).reserved = 0
      return {}
    },
    'scf:DeleteTrigger': (p) => {
      const found = need(p)
      const at = found.triggers.findIndex(
        ({ Type, TriggerName, Qualifier }) =>
          Type === p.Type && TriggerName === p.TriggerName && Qualifier === (p.Qualifier ?? '$LATEST'),
      )
      if (at < 0) refuse('ResourceNotFound.Trigger', p.TriggerName)
      found.triggers.splice(at, 1)
      return {}
    },
    'scf:ListFunctions': (p) => {
      const filters = p.Filters ?? []
      const list = [...functions.values()].filter((found) =>
        filters.every(
          ({ Name, Values }) => Name.startsWith('tag-') && Values.includes(found.tags[Name.slice(4)] ?? ''),
        ),
      )
      return {
        Functions: list.map(({ FunctionName, FunctionId, Runtime, Status, ModTime }) => ({
          FunctionName,
          FunctionId,
          Runtime,
          Status,
          ModTime,
        })),
        TotalCount: list.length,
      }
    },
    'scf:Invoke': async (p) => {
      const found = idle(p)
      const { answer, log } = await run(found, p.ClientContext ?? '{}')
      return {
        Result: {
          FunctionRequestId: randomUUID(),
          RetMsg: answer ?? '',
          ErrMsg: answer === null ? 'the handler did not answer' : '',
          InvokeResult: answer === null ? 1 : 0,
          Log: log,
        },
      }
    },
    'tag:DescribeResourceTagsByResourceIds': (p) => {
      const found = [...functions.values()].filter(({ FunctionId }) => p.ResourceIds.includes(FunctionId))
      return {
        Tags: found.flatMap(({ FunctionId, tags }) =>
          Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue, ResourceId: FunctionId })),
        ),
      }
    },
    'tag:ModifyResourceTags': (p) => {
      const id = p.Resource.split('/').pop()
      const found =
        [...functions.values()].find(({ FunctionId }) => FunctionId === id) ??
        refuse('ResourceNotFound', p.Resource)
      for (const { TagKey, TagValue } of p.ReplaceTags ?? []) found.tags[TagKey] = TagValue
      return {}
    },
    'cls:SearchLog': (p) => {
      require(p.TopicId !== '' &&
        p.TopicId === settings.clsTopic, 'ResourceNotFound.TopicNotExist', p.TopicId)
      require(typeof p.From === 'number' &&
        typeof p.To === 'number' &&
        p.From < p.To, 'InvalidParameter', 'From, To')
      const name =
        /SCF_FunctionName:"([^"]+)"/.exec(p.QueryString)?.[1] ?? refuse('InvalidParameter', 'QueryString')
      const Time = p.To - 1000
      return {
        Results: [
          { Time, LogJson: JSON.stringify({ SCF_FunctionName: name, SCF_Message: settings.logged }) },
        ],
        ListOver: true,
      }
    },
  }

  async function run(found: FakeFunction, event: string) {
    const seen = (value: string): string =>
      settings.cutsAtSecondEquals ? (value.split('=')[0] ?? '') : value
    const variables = Object.fromEntries(
      found.Environment.Variables.map(({ Key, Value }) => [Key, seen(Value)]),
    )
    return runFunction(
      found.folder,
      found.Handler,
      variables,
      event,
      found.FunctionName,
      found.Role === null ? {} : roleEnvironment(),
    )
  }

  /** Puts a function there as a deploy would have left it: with the files of `bundle` and, for a callback, a function URL. */
  function place(
    name: string,
    handler: string,
    variables: Readonly<Record<string, string>>,
    bundle: string,
  ): void {
    const folder = mkdtempSync(join(tmpdir(), 'fake-function-'))
    cpSync(bundle, folder, { recursive: true })
    const id = randomBytes(5).toString('hex')
    const ExtranetUrl = `https://${settings.appId}-${id}.${settings.region}.tencentscf.com`
    const url = {
      TriggerName: id,
      Type: 'http',
      TriggerDesc: JSON.stringify({ AuthType: 'NONE', NetConfig: { EnableExtranet: true, ExtranetUrl } }),
      Enable: 1,
      Qualifier: '$DEFAULT',
      hiddenFor: 0,
    }
    const timer = {
      ...url,
      Qualifier: '$LATEST',
      TriggerName: 'every-five-minutes',
      Type: 'timer',
      TriggerDesc: '{"cron":"0 */5 * * * * *"}',
    }
    functions.set(name, {
      FunctionName: name,
      FunctionId: `lam-${id}`,
      Runtime: 'Nodejs20.19',
      Handler: handler,
      MemorySize: 128,
      Timeout: handler === 'index.main_handler' ? 10 : 290,
      Description: '',
      Role: null,
      VpcConfig: null,
      Environment: { Variables: Object.entries(variables).map(([Key, Value]) => ({ Key, Value })) },
      ClsTopicId: settings.clsTopic,
      Status: 'Active',
      AddTime: now(),
      ModTime: now(),
      CodeSize: 1,
      folder,
      busyFor: 0,
      triggers: [handler === 'index.main_handler' ? url : timer],
      tags: {},
      ...FRESH,
    })
  }

  return {
    functions,
    roles,
    policies,
    actions,
    place,
    /** The function behind a function URL's host; null for a host that nobody has. */
    behind: (host: string): FakeFunction | null =>
      [...functions.values()].find(({ triggers }) =>
        triggers.some(({ Type, TriggerDesc }) => Type === 'http' && TriggerDesc.includes(`//${host}"`)),
      ) ?? null,
    run,
  }
}
