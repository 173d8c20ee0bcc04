import { placeInUrl as placeInCmqUrl } from '../../../src/queues/cmq'
import { placeInUrl as placeInCosUrl } from '../../../src/stores/cos'
import type { Variables } from '../variables'

export interface Statement {
  readonly effect: 'allow'
  readonly action: readonly string[]
  readonly resource: readonly string[]
}

/** What the policy is made for. */
export interface Whose {
  readonly appId: string
  readonly uin: string
  /** Of the function, and so of a store or a queue whose URL names none. */
  readonly region: string
  /** Of the buckets whose executions are read. */
  readonly mediaRegion: string
  /** Whose executions are read, each with its APPID. */
  readonly buckets: readonly string[]
}

/** To read executions and jobs (460/80044, 460/80050, 436/54000, 460/63965). */
const READS = [
  'ci:DescribeMediaWorkflowExecutions',
  'ci:DescribeMediaJob',
  'ci:DescribeDocProcessJob',
  'ci:DescribeAuditingVirusJob',
]

/** The least that a function with these settings must be allowed; empty: nothing. docs/security.md shows the same. */
export function statementsFor(
  variables: Variables,
  { appId, uin, region, mediaRegion, buckets }: Whose,
): readonly Statement[] {
  const allow = (action: readonly string[], resource: readonly string[]): Statement => ({
    effect: 'allow',
    action,
    resource,
  })
  const reads =
    buckets.length === 0
      ? []
      : [
          allow(
            READS,
            buckets.map((bucket) => `qcs::ci:${mediaRegion}:uid/${appId}:bucket/${bucket}/*`),
          ),
        ]
  return [...reads, ...storeStatement(variables['STORE_URL']), ...queueStatement(variables['QUEUE_URL'])]

  function storeStatement(url: string | undefined): readonly Statement[] {
    if (!url?.startsWith('cos:')) return []
    const { target, prefix } = placeInCosUrl(url, region)
    const place = `qcs::cos:${target.region}:uid/${appIdIn(target.bucket)}:${target.bucket}`
    return [
      allow(['name/cos:GetObject', 'name/cos:PutObject', 'name/cos:DeleteObject'], [`${place}/${prefix}*`]),
      allow(['name/cos:GetBucket'], [`${place}/*`]),
    ]
  }

  function queueStatement(url: string | undefined): readonly Statement[] {
    if (!url?.startsWith('cmq:')) return []
    const { queue, region: place } = placeInCmqUrl(url, region)
    return [
      allow(['cmqqueue:SendMessage'], [`qcs::cmqqueue:${place}:uin/${uin}:queueName/uin/${uin}/${queue}`]),
    ]
  }
}

function appIdIn(bucket: string): string {
  return bucket.slice(bucket.lastIndexOf('-') + 1)
}
