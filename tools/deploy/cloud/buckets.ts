import { type ReconcileTarget, draftConfig } from '../../../src/config/read-config'
import { isBucketName } from '../../../src/tencent/bucket-name'
import { type Options, textOption } from '../serverless'
import type { Variables } from '../variables'

/** The workflows of RECONCILE, as the function reads them. */
export function watchedIn(variables: Variables): readonly ReconcileTarget[] {
  return draftConfig(variables, 'callbacks').config.reconcile
}

/** The bucket of `--bucket`; null where none is named. Throws when it is none: it becomes part of a host name. */
export function bucketOption(options: Options): string | null {
  const bucket = textOption(options, 'bucket')
  return bucket === null ? null : mustBeBucket(bucket)
}

/** The buckets of `--bucket B,B2`, else those of RECONCILE. */
export function bucketsOption(options: Options, variables: Variables): readonly string[] {
  const named = textOption(options, 'bucket')
    ?.split(',')
    .map((one) => one.trim())
  const buckets = named?.filter((one) => one !== '').map(mustBeBucket)
  return [...new Set(buckets ?? watchedIn(variables).map(({ bucket }) => bucket))]
}

function mustBeBucket(bucket: string): string {
  if (isBucketName(bucket)) return bucket
  throw new Error(`--bucket ${bucket} is no bucket with its APPID: it looks like media-1250000000.`)
}
