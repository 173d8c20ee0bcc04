import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FakeCi, startFakeCi } from '../support/fake-ci'
import { temporaryFolder } from '../support/temporary-folder'
import { openRelay, type Relay } from './open-relay'

/** A relay's surroundings with a CI to ask: files take what it routes. */
export interface CiScene {
  readonly ci: FakeCi
  readonly env: Readonly<Record<string, string>>
  /** Starts an instance; all that were started are gone at `close`. */
  open(changes?: Readonly<Record<string, string>>): Relay
  /** Shifts the clocks of CI and of the instances that live. */
  passTime(ms: number): Promise<void>
  /** The events in the queue. */
  queued(): readonly { readonly id: string; readonly data: Readonly<Record<string, unknown>> }[]
  /** The texts of the alerts. */
  told(): readonly string[]
  close(): Promise<void>
}

export async function openCiScene(): Promise<CiScene> {
  const ci = await startFakeCi()
  const folder = temporaryFolder()
  const queue = join(folder.path, 'queue.jsonl')
  const alerts = join(folder.path, 'alerts.jsonl')
  const relays: Relay[] = []
  const env = {
    QUEUE_URL: `file:${queue}`,
    ALERT_URLS: `file:${alerts}`,
    STORE_URL: `file:${join(folder.path, 'store')}`,
    COS_REGION: 'ap-guangzhou',
    CI_ENDPOINT: ci.endpoint,
    ...roleKeys(ci),
  }
  const linesOf = (path: string): unknown[] =>
    existsSync(path)
      ? readFileSync(path, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line): unknown => JSON.parse(line))
      : []
  return {
    ci,
    env,
    open(changes = {}) {
      const relay = openRelay({ ...env, ...changes })
      relays.push(relay)
      return relay
    },
    async passTime(ms) {
      ci.aheadMs += ms
      for (const relay of relays) await relay.passTime(ms)
    },
    queued: () => linesOf(queue) as ReturnType<CiScene['queued']>,
    told: () =>
      (linesOf(alerts) as { title: string; text: string }[]).map(
        ({ title, text }) => `${title}
${text}`,
      ),
    async close() {
      await Promise.all(relays.map(async (relay) => relay.kill()))
      await ci.close()
      folder.remove()
    },
  }
}

/** As the platform gives them to a function with a role. */
export function roleKeys({ credentials }: FakeCi): Readonly<Record<string, string>> {
  return {
    TENCENTCLOUD_SECRETID: credentials.secretId,
    TENCENTCLOUD_SECRETKEY: credentials.secretKey,
    TENCENTCLOUD_SESSIONTOKEN: credentials.sessionToken ?? '',
  }
}
