import { openAlertChannel } from '../../../src/alerts/open-alert-channel'
import type { TargetFacts } from '../../../src/drivers/driver'
import { openQueue } from '../../../src/queues/open-queue'
import { openStore } from '../../../src/stores/open-store'
import type { Variables } from '../variables'

/** A target of a configuration as its driver knows it. */
export interface Target extends TargetFacts {
  /** `QUEUE_URL`, `STORE_URL`, `ALERT_URLS, item 2`. */
  readonly variable: string
}

/** The targets of a configuration that can be opened: what is wrong with the others, the checks before a deploy say. Does not touch the network. */
export async function targetsOf(variables: Variables, region: string): Promise<readonly Target[]> {
  const context = { credentials: () => null, region }
  const channels = (variables['ALERT_URLS'] ?? '').split(/\s+/).filter((url) => url !== '')
  const opening: readonly (readonly [string, () => Promise<TargetFacts>])[] = [
    ['QUEUE_URL', () => openQueue(variables['QUEUE_URL'] ?? '', context)],
    ...channels.map(
      (url, index) => [`ALERT_URLS, item ${index + 1}`, () => openAlertChannel(url, context)] as const,
    ),
    ['STORE_URL', () => openStore(variables['STORE_URL'] ?? '', context)],
  ]
  const opened = await Promise.all(
    opening.map(async ([variable, open]) => {
      const target = await open().catch(() => null)
      if (target === null) return []
      const { scheme, secrets, endpoints, needs } = target
      return [{ variable, scheme, secrets, endpoints, needs }]
    }),
  )
  return opened.flat()
}

/** In the cloud, what these keep is gone with the instance; they are for trying things out. */
export function isShortLived({ endpoints }: TargetFacts): boolean {
  return endpoints.length === 0
}
