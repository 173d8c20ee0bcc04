import { join } from 'node:path'
import { type Environment, secretsIn, tokensIn } from '../config'
import { harmless } from '../local/harmless'
import type { Credentials } from '../tencent/credentials'
import { dotenvProblems, unknownParams } from './check-input'
import { configurationOf, problemsOf } from './check-settings'
import { cloudApi } from './cloud-api'
import { commandLineProblem, isSecretName } from './command-line'
import { COMMANDS } from './commands'
import { connect, enable } from './connect'
import { deployCredentials } from './deploy-credentials'
import { doctor } from './doctor'
import { explain } from './failure'
import { hideInOutput, hideSecretsIn, hiding } from './hide-secrets'
import { invokeDeployed, invokeLocally } from './invoke'
import { keepGateway } from './keep-gateway'
import { loadSdkByService } from './load-sdk-by-service'
import { closeNetworkGate } from './network-gate'
import { checkPackage, copyPackage, packageFunction } from './package-function'
import { publishUrl } from './publish-url'
import { isShortLived, targetsOf } from './targets'
import { remove } from './remove'
import { rollback } from './rollback'
import { SECRET_SOURCE } from './secret-source'
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
  readonly configurationVariablesSources = { secret: SECRET_SOURCE }
  readonly hooks: Record<string, () => unknown>
  /** Hides whatever must not be seen; what serverless.yml makes of the environment is known once it has been read. */
  private hide = hiding(process.env, secretsIn(process.env))

  constructor(
    private readonly serverless: Serverless,
    private readonly options: Options,
    private readonly writers: Writers,
  ) {
    // First of all: serverless reports an error, too.
    closeNetworkGate()
    // Before serverless looks at the parameters: it repeats what it cannot read.
    const problem = commandLineProblem(process.argv.slice(2))
    if (problem !== null) throw new serverless.classes.Error(problem)
    hideInOutput((text) => this.hide(text))
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
      'before:print:print': () => hideSecretsIn(this.serverless.configurationInput, this.hide),
      'callback:connect:connect': this.guarded(connect),
      'callback:enable:enable': this.guarded(enable),
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
          else log.call(cli, typeof message === 'string' ? harmless(message) : message)
        }
      }
      try {
        await hook(this.session())
        if (swallowed.length > 0) throw swallowed[0]
      } catch (error) {
        if (error instanceof this.serverless.classes.Error) throw error
        throw new this.serverless.classes.Error(harmless(this.hide(explain(error))))
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
      log: {
        notice: (text = '') => writers.log.notice(harmless(text)),
        warning: (text = '') => writers.log.warning(harmless(text)),
      },
      print: (lines) => writers.writeText([lines].flat().map(harmless)),
      credentials,
      call: (...args) => cloudApi(credentials(), region)(...args),
      stage,
      region,
      showToken: options['show-token'] === true,
      functionName: (name) => `${service}-${stage}-${name}`,
      token: tokensIn(configurationOf(serverless.service)['CALLBACK_TOKEN'])[0] ?? null,
    }
  }

  /** The tokens (but for who asks to see them), the keys, and each URL's own secrets. */
  private secrets(): readonly string[] {
    return [...secretsIn(this.settings()), ...this.keys()]
  }

  private settings(): Environment {
    const settings = { ...process.env, ...configurationOf(this.serverless.service) }
    // Whoever asks to see the token knows it.
    return this.options['show-token'] === true ? { ...settings, CALLBACK_TOKEN: '' } : settings
  }

  private keys(): readonly string[] {
    try {
      const { secretId, secretKey, sessionToken } = this.credentials()
      return [secretId, secretKey, sessionToken ?? '']
    } catch {
      // There are none, or the file cannot be read: nothing to hide.
      return []
    }
  }

  private async initialize(): Promise<void> {
    const { commands, options } = this.serverless.processedInput
    this.hide = hiding(this.settings(), this.secrets())
    const params = (options['param'] as string[] | null | undefined) ?? []
    const stageOption = textOption(this.options, 'stage') ?? 'dev'
    const stage = params.find((item) => item.startsWith('stage='))?.slice('stage='.length)
    // Not in serverless.yml: there a stage from .env would decide which .env is read.
    this.options['stage'] ??= stage ?? process.env['DEPLOY_STAGE']
    const deploys = commands[0] === 'deploy' && commands[1] !== 'list'
    if (!deploys) return
    const { service, serviceDir } = this.serverless
    const problems = [
      ...unknownParams(params, publicSettings(service)),
      ...dotenvProblems(serviceDir, stageOption, textOption(this.options, 'stage') ?? stageOption),
      ...(await problemsOf(service, service.provider.region ?? '')),
    ]
    if (problems.length > 0) {
      throw new Error(
        [
          'Nothing was deployed. To be set in the environment or in .env (what is no secret also by --param NAME=value):',
          ...problems,
        ].join('\n  - '),
      )
    }
    this.credentials()
    const targets = await targetsOf(configurationOf(service), service.provider.region ?? '')
    for (const { variable, scheme } of targets.filter(isShortLived)) {
      this.writers.log.warning(
        `${variable}: in the cloud, what a ${scheme}: URL keeps is gone with the instance.`,
      )
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

/** What `--param` sets besides the settings of the deploy itself. */
function publicSettings({ custom }: Serverless['service']): string[] {
  return Object.keys(custom?.relay?.variables ?? {}).filter((name) => !isSecretName(name))
}
