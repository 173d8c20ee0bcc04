import { join } from 'node:path'
import { type Environment, secretsIn, tokensIn } from '../../src/config/read-config'
import { harmless } from '../local/harmless'
import type { Credentials } from '../../src/tencent/credentials'
import { addFrom, type DotenvFile, readDotenv } from '../local/dotenv-file'
import { unknownSettings } from '../../src/config/unknown-settings'
import { otherStageProblems, strangeNames, unknownParams } from './commands/check-input'
import { problemsOf } from './commands/check-settings'
import { configurationOf } from './variables'
import { cloudApi } from './cloud/cloud-api'
import { commandLineProblem } from './command-line'
import { COMMANDS } from './commands'
import { type CommandLine, completeHints, wholeCommand } from './patches/complete-hints'
import { connect, enable } from './commands/connect'
import { deployCredentials } from './cloud/deploy-credentials'
import { doctor } from './commands/doctor/doctor'
import { explain } from './failure'
import { hideInOutput, hideSecretsIn, hiding } from './patches/hide-secrets'
import { invokeDeployed, invokeLocally } from './commands/invoke'
import { keepGateway } from './patches/keep-gateway'
import { loadSdkByService } from './patches/load-sdk-by-service'
import { nameRunId } from './patches/name-run-id'
import { closeNetworkGate } from './cloud/network-gate'
import { checkPackage, copyPackage, packageFunction } from './commands/package-function'
import { proveKey } from './cloud/prove-key'
import { finishDeploy } from './commands/finish-deploy'
import { isShortLived, targetsOf } from './commands/targets'
import { putRole } from './cloud/put-role'
import { remove } from './commands/remove'
import { rerun } from './commands/rerun'
import { rollback } from './commands/rollback'
import { rotate } from './commands/rotate'
import { paramsIn, SETTING_SOURCE } from './patches/setting-source'
import { setVariables } from './patches/set-variables'
import { type Options, type Serverless, textOption, type Writers } from './serverless'
import type { Session } from './session'
import { showInfo } from './commands/show-info'
import { showLogs } from './commands/show-logs'
import { completeTencentPlugin } from './patches/tencent-plugin'
import { testCallback } from './commands/test-callback'

nameRunId(process.argv)
// serverless loads the plugins' modules, in their order, before it makes any of them.
loadSdkByService(process.cwd())

/** These commands' own hooks print what went wrong and exit 0. */
const TAKEN_OVER = ['info:info', 'invoke:invoke', 'logs:logs', 'remove:remove', 'rollback:rollback']

/** The companion of serverless-tencent-scf. A class because serverless makes its plugins with `new`. */
export class RelayDeploy {
  readonly commands = COMMANDS
  readonly configurationVariablesSources = { setting: SETTING_SOURCE }
  readonly hooks: Record<string, () => unknown>
  /** Hides whatever must not be seen; what serverless.yml makes of the environment is known once it has been read. */
  private hide: (text: string) => string
  /** Secrets that are in no setting here: made just now, or of the deployed function. */
  private readonly made: string[] = []
  /** By which `.env.<stage>` is looked for: it is known before that is read. */
  private readonly stageOfFile: string
  private readonly dotenv: DotenvFile | null
  private readonly fromFile: readonly string[]
  /** What a command in this shell comes to that is told none: DEPLOY_STAGE of the environment, else of `.env`. */
  private readonly usualStage: string | null

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
    const ofShell = process.env['DEPLOY_STAGE']
    const given = textOption(options, 'stage') ?? paramsIn(options)['stage'] ?? process.env['DEPLOY_STAGE']
    this.stageOfFile = given || 'dev'
    this.dotenv = this.fileOf(this.stageOfFile)
    this.fromFile = this.dotenv === null ? [] : addFrom(this.dotenv, process.env)
    // The file of a stage that was asked for is none that the next command reads by itself.
    const isUsual = this.stageOfFile === (ofShell || 'dev')
    const usual = isUsual ? this.dotenv : this.fileOf(ofShell || 'dev')
    this.usualStage = ofShell || usual?.values['DEPLOY_STAGE'] || null
    if (this.dotenv !== null)
      writers.log.notice(`Read ${this.dotenv.name}: ${this.fromFile.join(', ') || 'nothing new'}`)
    this.hide = hiding(process.env, secretsIn(process.env))
    hideInOutput((text) => this.hide(text))
    completeTencentPlugin(serverless.serviceDir, () => this.credentials())
    this.hooks = {
      initialize: this.guarded(() => this.initialize()),
      'before:package:createDeploymentArtifacts': this.guarded(() => this.pack()),
      'after:package:finalize': this.guarded(() => this.keepPackage()),
      'before:package:function:package': this.guarded(() => this.packForOne()),
      'before:deploy:deploy': this.guarded((session) => this.beforeDeploy(session)),
      'after:deploy:deploy': this.guarded(finishDeploy),
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
      'callback:role:role': this.guarded(putRole),
      'callback:rotate:rotate': this.guarded(rotate),
      'callback:rerun:rerun': this.guarded(rerun),
    }
  }

  private fileOf(stage: string): DotenvFile | null {
    try {
      return readDotenv(this.serverless.serviceDir, stage)
    } catch (error) {
      throw new this.serverless.classes.Error(explain(error))
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
        throw new this.serverless.classes.Error(this.shown(explain(error)))
      } finally {
        cli.log = log
      }
    }
  }

  /** Fit for the eye: no secret, nothing that commands a terminal, and each command that is named whole. */
  private shown(text: string): string {
    return completeHints(harmless(this.hide(text)), this.commandLine())
  }

  private commandLine(): CommandLine {
    return { stage: this.stage(), usualStage: this.usualStage, params: paramsIn(this.options) }
  }

  private stage(): string {
    return textOption(this.options, 'stage') ?? this.serverless.service.provider.stage ?? 'dev'
  }

  private credentials(): Credentials {
    return deployCredentials(process.env, this.serverless.service.provider.credentials ?? '~/credentials')
  }

  private session(): Session {
    const { serverless, options, writers } = this
    const { service, provider } = serverless.service
    const stage = this.stage()
    const region = provider.region ?? 'ap-guangzhou'
    const credentials = (): Credentials => this.credentials()
    return {
      serverless,
      options,
      log: {
        notice: (text = '') => writers.log.notice(this.shown(text)),
        warning: (text = '') => writers.log.warning(this.shown(text)),
      },
      print: (lines) => writers.writeText([lines].flat().map((line) => this.shown(line))),
      credentials,
      call: (...args) => cloudApi(credentials(), region)(...args),
      stage,
      region,
      command: (words) => wholeCommand(words, this.commandLine()),
      showToken: options['show-token'] === true,
      hideToo: (secrets) => {
        if (options['show-token'] === true) return
        this.made.push(...secrets)
        this.hide = hiding(this.settings(), this.secrets())
      },
      dotenvName: this.dotenv?.name ?? null,
      tokenIsFromFile: this.fromFile.includes('CALLBACK_TOKEN'),
      functionName: (name) => `${service}-${stage}-${name}`,
      token: tokensIn(configurationOf(serverless.service)['CALLBACK_TOKEN'])[0] ?? null,
    }
  }

  /** The tokens (but for who asks to see them), the keys, and each URL's own secrets. */
  private secrets(): readonly string[] {
    return [...secretsIn(this.settings()), ...this.keys(), ...this.made]
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
    const { service, serviceDir } = this.serverless
    const params = paramsIn(options)
    // Not in serverless.yml: there it would be read before `.env` is.
    this.options['stage'] ??= params['stage'] ?? this.usualStage ?? undefined
    setVariables(service, params, process.env)
    this.hide = hiding(this.settings(), this.secrets())
    const strange = unknownSettings(Object.keys(process.env))
    const deploys = commands[0] === 'deploy' && commands[1] !== 'list'
    if (!deploys) {
      for (const name of strangeNames(strange)) this.writers.log.warning(name)
      return
    }
    const region = service.provider.region ?? ''
    const problems = [
      ...unknownParams(Object.keys(params)),
      ...strangeNames(strange),
      ...(this.dotenv?.problems ?? []),
      ...otherStageProblems(serviceDir, this.stageOfFile, this.stage()),
      ...(await problemsOf(service, this.stage(), region)),
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
    const targets = await targetsOf(configurationOf(service), region)
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
    await proveKey(session)
    await keepGateway(session)
  }
}
