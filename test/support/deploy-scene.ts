import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type FakeCloud, startFakeCloud } from './fake-cloud'
import { copyProject, type Ran } from './serverless-run'

// The real serverless CLI with both plugins, from a copy of the project, against a fake of the cloud (needs openssl).

export const TOKEN = 'e2eSecretTokenInTheUrl'
export const BUCKET = 'sls-cloudfunction-ap-guangzhou-1250000000'
export const CALLBACK = 'cos-callback-relay-dev-callback'
export const SWEEP = 'cos-callback-relay-dev-sweep'

type Variables = Readonly<Record<string, string | undefined>>

/** Whom a command may talk to: Tencent Cloud's own hosts, and the function's. */
const HOSTS = [
  /^(cam|cls|scf|tag)\.tencentcloudapi\.com:443$/,
  /^([a-z0-9-]+\.)?(cos|ci)\.ap-guangzhou\.myqcloud\.com:443$/,
  /^1250000000-\w{10}\.ap-guangzhou\.tencentscf\.com:443$/,
]

export interface DeployScene {
  readonly cloud: FakeCloud
  readonly project: ReturnType<typeof copyProject>
  /** What every command gets in its environment. */
  readonly settings: Readonly<Record<string, string>>
  /** Where the file queue and the file channel of these settings are. */
  readonly targets: string
  /** Runs a command; words are separated by blanks. */
  readonly serverless: (
    command: string,
    env?: Variables,
    started?: (child: ChildProcess) => void,
  ) => Promise<Ran>
  /** Runs a command and tells which calls it made. */
  readonly callsOf: (command: string, env?: Variables) => Promise<{ ran: Ran; calls: string[] }>
  /** Puts both functions there, as `deploy` with these settings would have. */
  readonly place: () => void
  readonly variables: (name: string) => Record<string, string>
  /** `http a1b2c3d4e5 1`: type, name, whether it is open. */
  readonly triggers: (name: string) => string[]
  /** Takes a note out of the file store of these settings, as if it had been long ago. */
  readonly forgetNote: (name: string) => void
  /** Of the callback's function URL. */
  readonly origin: () => string
  /** Fails when a command asked what it may not, or showed or left behind a secret. */
  readonly mustBeClean: () => void
  readonly stop: () => Promise<void>
}

export async function startDeployScene(): Promise<DeployScene> {
  const cloud = await startFakeCloud()
  const project = copyProject()
  const targets = mkdtempSync(join(tmpdir(), 'relay-targets-'))
  const outputs: string[] = []
  const settings = {
    ...cloud.env,
    TENCENT_SECRET_ID: cloud.account.secretId,
    TENCENT_SECRET_KEY: cloud.account.secretKey,
    CALLBACK_TOKEN: TOKEN,
    QUEUE_URL: `file:${targets}/queue.jsonl`,
    ALERT_URLS: `file:${targets}/alerts.jsonl`,
    STORE_URL: `file:${targets}/store`,
  }
  const { QUEUE_URL, ALERT_URLS, STORE_URL } = settings

  const scene: DeployScene = {
    cloud,
    project,
    settings,
    targets,
    async serverless(command, env = {}, started) {
      const ran = await project.serverless(command.split(' '), { ...settings, ...env }, started)
      if (process.env['RELAY_SHOW']) process.stderr.write(`\n$ ${command} -> ${ran.code}\n${ran.all}\n`)
      if (!command.includes('--show-token')) outputs.push(ran.all)
      return ran
    },
    async callsOf(command, env) {
      cloud.calls.length = 0
      const ran = await scene.serverless(command, env)
      return { ran, calls: cloud.calls.map(({ what }) => what) }
    },
    place() {
      const bundle = dirname(process.env['RELAY_BUNDLE'] ?? '')
      const both = { QUEUE_URL, ALERT_URLS, STORE_URL }
      cloud.place(CALLBACK, 'index.main_handler', { ...both, CALLBACK_TOKEN: TOKEN }, bundle)
      cloud.place(SWEEP, 'index.sweep_handler', both, bundle)
    },
    variables: (name) =>
      Object.fromEntries(
        cloud.functions.get(name)!.Environment.Variables.map(({ Key, Value }) => [Key, Value]),
      ),
    triggers: (name) =>
      cloud.functions.get(name)!.triggers.map((one) => `${one.Type} ${one.TriggerName} ${one.Enable}`),
    forgetNote(name) {
      const notes = join(targets, 'store', 'notes')
      for (const file of readdirSync(notes))
        if ((JSON.parse(readFileSync(join(notes, file), 'utf8')) as { name: string }).name === name)
          rmSync(join(notes, file))
    },
    origin: () =>
      `https://1250000000-${cloud.functions.get(CALLBACK)!.triggers[0]!.TriggerName}.ap-guangzhou.tencentscf.com`,
    mustBeClean() {
      expect(cloud.hosts().filter((host) => !HOSTS.some((allowed) => allowed.test(host)))).toEqual([])
      expect(cloud.violations).toEqual([])
      expect(outputs.length).toBeGreaterThan(0)
      const secrets = [TOKEN, cloud.account.secretKey]
      expect(outputs.filter((output) => secrets.some((secret) => output.includes(secret)))).toEqual([])
      for (const folder of [project.folder, project.home]) {
        const texts = filesIn(folder).map((file) => [file, readFileSync(file, 'latin1')] as const)
        const leaky = texts.filter(([, text]) => secrets.some((secret) => text.includes(secret)))
        expect(leaky.map(([file]) => file.slice(folder.length))).toEqual([])
      }
    },
    async stop() {
      await cloud.stop()
      project.drop()
      rmSync(targets, { recursive: true, force: true })
    },
  }
  return scene
}

/** The lines of a JSON Lines file; none when it is not there. */
export function jsonLines(file: string): unknown[] {
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown)
    : []
}

/** What is in a folder, but for what is linked into it. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
}
