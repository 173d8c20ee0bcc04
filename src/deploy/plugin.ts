import { join } from 'node:path'
import { secretsIn, tokensIn } from '../config'
import { redactor } from '../log'
import type { Credentials } from '../tencent/credentials'
import { dotenvProblems, unknownParams } from './check-input'
import { configurationOf, problemsOf } from './check-settings'
import { cloudApi } from './cloud-api'
import { COMMANDS } from './commands'
import { connect } from './connect'
import { deployCredentials } from './deploy-credentials'
import { doctor } from './doctor'
import { explain } from './failure'
import { hideSecretsIn } from './hide-secrets'
import { invokeDeployed, invokeLocally } from './invoke'
import { keepGateway } from './keep-gateway'
import { loadSdkByService } from './load-sdk-by-service'
import { closeNetworkGate } from './network-gate'
import { checkPackage, copyPackage, packageFunction } from './package-function'
import { publishUrl } from './publish-url'
import { isShortLived } from './reach-targets'
import { remove } from './remove'
import { rollback } from './rollback'
import { type Options, type Serverless, textOption, type Writers } from './serverless'
import type { Session } from './session'
import { showInfo } from './show-info'
import { showLogs } from './show-logs'
import { completeTencentPlugin } from './tencent-plugin'
import { testCallback } from './test-callback'

// serverless loads the plugins' modules, in their order, before it makes any of them.
loadSdkByService(process.cwd())

/** These commands' own hooks print what went wrong and exit 0. */
const TAKEN_OVER = ['info:info', 'invoke:invoke', 'logs:logs', 'remove:remove', 'rollback:rollback']

/** The companion of serverless-tencent-scf. A class because serverless makes its plugins with `new`. */
export class RelayDeploy {
  readonly commands = COMMANDS
  readonly hooks: Record<string, () => unknown>

  constructor(
    private readonly serverless: Serverless,
    private readonly options: Options,
    private readonly writers: Writers,
  ) {
    closeNetworkGate()
    completeTencentPlugin(serverless.serviceDir, () => this.credentials())
    this.hooks = {
      initialize: this.guarded(() => this.initialize()),
      'before:package:createDeploymentArtifacts': this.guarded(() => this.pack()),
      'after:package:finalize': this.guarded(() => this.keepPackage()),
      'before:package:function:package': this.guarded(() => this.packForOne()),
      'before:deploy:deploy': this.guarded((session) => this.beforeDeploy(session)),
      'after:deploy:deploy': this.guarded(publishUrl),
      'before:deploy:function:initialize': this.guarded(keepGateway),
      'info:info': this.guarded(showInfo),
      'invoke:invoke': this.guarded(invokeDeployed),
      'invoke:local:invoke': this.guarded(invokeLocally),
      'logs:logs': this.guarded(showLogs),
      'remove:remove': this.guarded(remove),
      'rollback:rollback': this.guarded(rollback),
      'before:print:print': () => hideSecretsIn(this.serverless.configurationInput, this.hider()),
      'callback:connect:connect': this.guarded(connect),
      'callback:test:test': this.guarded(testCallback),
      'callback:doctor:doctor': this.guarded(doctor),
    }
  }

  /** Called by serverless once every plugin is there. */
  asyncInit(): void {
    const { hooks } = this.serverless.pluginManager
    for (const [event, entries] of Object.entries(hooks)) {
      const theirs = (entries ?? []).filter(({ pluginName }) => pluginName.startsWith('Tencent'))
      for (const entry of theirs) {
        if (TAKEN_OVER.includes(event)) entries?.splice(entries.indexOf(entry), 1)
        else entry.hook = this.guarded(entry.hook, true)
      }
    }
  }

  /**
   * A hook whose failure is the command's: one plain sentence, no secret, exit code 1. `strict`: an Error that is handed to the
   * log was swallowed by its command.
   */
  private guarded(hook: (session: Session) => unknown, strict = false): () => Promise<void> {
    return async () => {
      const swallowed: unknown[] = []
      const { cli } = this.serverless
      const { log } = cli
      if (strict) {
        cli.log = (message) => {
          if (message instanceof Error) swallowed.push(message)
          else log.call(cli, typeof message === 'string' ? this.hider()(message) : message)
        }
      }
      try {
        await hook(this.session())
        if (swallowed.length > 0) throw swallowed[0]
      } catch (error) {
        if (error instanceof this.serverless.classes.Error) throw error
        throw new this.serverless.classes.Error(this.hider()(explain(error)))
      } finally {
        cli.log = log
      }
    }
  }

  private credentials(): Credentials {
    return deployCredentials(process.env, this.serverless.service.provider.credentials ?? '~/credentials')
  }

  private session(): Session {
    const { serverless, options, writers } = this
    const { service, provider } = serverless.service
    const stage = textOption(options, 'stage') ?? provider.stage ?? 'dev'
    const region = provider.region ?? 'ap-guangzhou'
    const credentials = (): Credentials => this.credentials()
    return {
      serverless,
      options,
      log: writers.log,
      print: (lines) => writers.writeText(lines),
      credentials,
      call: (...args) => cloudApi(credentials(), region)(...args),
      stage,
      region,
      showToken: options['show-token'] === true,
      functionName: (name) => `${service}-${stage}-${name}`,
      token: tokensIn(configurationOf(serverless.service)['CALLBACK_TOKEN'])[0] ?? null,
    }
  }

  /** Hides whatever must not be seen: the tokens, the keys, and each URL's own secrets. */
  private hider(): (text: string) => string {
    let key: string | null = null
    try {
      key = this.credentials().secretKey
    } catch {
      // There are none, or the file cannot be read: nothing to hide.
    }
    return redactor([
      ...secretsIn({ ...process.env, ...configurationOf(this.serverless.service) }),
      key ?? '',
    ])
  }

  private async initialize(): Promise<void> {
    const { commands, options } = this.serverless.processedInput
    const params = (options['param'] as string[] | null | undefined) ?? []
    const stageOption = textOption(this.options, 'stage') ?? 'dev'
    const stage = params.find((item) => item.startsWith('stage='))?.slice('stage='.length)
    // Not in serverless.yml: there a stage from .env would decide which .env is read.
    this.options['stage'] ??= stage ?? process.env['DEPLOY_STAGE']
    const deploys = commands[0] === 'deploy' && commands[1] !== 'list'
    if (!deploys) return
    const { service, serviceDir } = this.serverless
    const problems = [
      ...unknownParams(params, ['CALLBACK_TOKEN', ...Object.keys(service.custom?.relay?.variables ?? {})]),
      ...dotenvProblems(serviceDir, stageOption, textOption(this.options, 'stage') ?? stageOption),
      ...(await problemsOf(service, service.provider.region ?? '')),
    ]
    if (problems.length > 0) {
      throw new Error(
        [
          'Nothing was deployed. To be set by --param NAME=value, in the environment or in .env:',
          ...problems,
        ].join('\n  - '),
      )
    }
    this.credentials()
    for (const [name, value] of Object.entries(configurationOf(this.serverless.service))) {
      if (/_URLS?$/.test(name) && value.split(/\s+/).some(isShortLived)) {
        this.writers.log.warning(
          `${name}: in the cloud, what a file:, memory: or console: URL keeps is gone with the instance.`,
        )
      }
    }
  }

  private async pack(): Promise<void> {
    this.serverless.service.package.artifact = await packageFunction(this.serverless)
  }

  /** `serverless package --package DIR`. */
  private async keepPackage(): Promise<void> {
    const { artifact } = this.serverless.service.package
    const folder = textOption(this.options, 'package')
    if (artifact === undefined) return
    if (folder !== null) await copyPackage(artifact, folder, `${this.serverless.service.service}.zip`)
    if (this.serverless.processedInput.commands[0] === 'package') {
      this.writers.writeText(
        `Packaged ${folder === null ? artifact : join(folder, `${this.serverless.service.service}.zip`)}`,
      )
    }
  }

  /** `deploy function`: serverless-tencent-scf looks for a zip of the function's name. */
  private async packForOne(): Promise<void> {
    await this.pack()
    const { artifact } = this.serverless.service.package
    const name = textOption(this.options, 'function')
    if (artifact && name)
      await copyPackage(artifact, join(this.serverless.serviceDir, '.serverless'), `${name}.zip`)
  }

  private async beforeDeploy(session: Session): Promise<void> {
    const folder = textOption(this.options, 'package')
    if (folder !== null) {
      const zip = join(folder, `${this.serverless.service.service}.zip`)
      await checkPackage(zip)
      this.serverless.service.package.artifact = zip
    }
    await keepGateway(session)
  }
}
