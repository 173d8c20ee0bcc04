import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { jsonLines } from '../support/deploy-scene'
import { startFakeCloud } from '../support/fake-cloud'
import { copyProject } from '../support/serverless-run'

// The five steps of README's first deploy, as a stranger pastes them: nothing else is typed, and nothing else is set.

/** What nobody but the reader knows, by what stands for it. */
const OWN = (id: string, key: string, folder: string): readonly (readonly [string, string])[] => [
  ['TENCENT_SECRET_ID=AKID…', `TENCENT_SECRET_ID=${id}`],
  ['TENCENT_SECRET_KEY=…', `TENCENT_SECRET_KEY=${key}`],
  ['QUEUE_URL=https://example.com/media-done', `QUEUE_URL=file:${folder}/queue.jsonl`],
  ['ALERT_URLS=wecom://KEY', `ALERT_URLS=file:${folder}/alerts.jsonl`],
]

const readme = readFileSync('README.md', 'utf8')
const block = /```sh\n(# 1\. [^]*?)```/.exec(readme)?.[1] ?? ''

test("from a clone to a connected workflow by README's commands alone", async () => {
  const cloud = await startFakeCloud()
  const project = copyProject()
  try {
    cloud.ci.workflows.set('w0123456789abcdef', {
      name: 'Lessons',
      state: 'Active',
      topology: '<Topology><Nodes><Start><Type>Start</Type><Input></Input></Start></Nodes></Topology>',
    })
    const { secretId, secretKey } = cloud.account
    // The copy is as a clone after `npm ci`.
    let script = block.replace(/^npm ci$/m, '')
    expect(script).not.toBe(block)
    for (const [stands, own] of OWN(secretId, secretKey, project.home)) {
      expect(script).toContain(stands)
      script = script.replace(stands, own)
    }
    const { code, output } = await bash(script, project.folder, {
      ...cloud.env,
      HOME: project.home,
      // npx asks npm's registry whether there is a newer npm; the fake of the cloud would take that for a command's doing.
      npm_config_update_notifier: 'false',
    })
    expect([code, output]).toEqual([0, expect.stringContaining('Callback URL (new):')])
    expect(jsonLines(join(project.home, 'queue.jsonl'))).toHaveLength(1)

    const { CALLBACK_TOKEN } = Object.fromEntries(
      cloud.functions
        .get('cos-callback-relay-dev-callback')!
        .Environment.Variables.map(({ Key, Value }) => [Key, Value]),
    )
    const { state, topology } = cloud.ci.workflows.get('w0123456789abcdef')!
    expect([state, topology]).toEqual(['Active', expect.stringContaining(`/${String(CALLBACK_TOKEN)}</Url>`)])
    expect(output).not.toContain(CALLBACK_TOKEN)
    expect(cloud.violations).toEqual([])
  } finally {
    await cloud.stop()
    project.drop()
  }
}, 120_000)

async function bash(
  script: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; output: string }> {
  return new Promise((done) => {
    execFile(
      'bash',
      ['-euc', script],
      { cwd, env: { PATH: process.env['PATH'], ...env }, encoding: 'utf8' },
      (error, stdout, stderr) =>
        done({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    )
  })
}
