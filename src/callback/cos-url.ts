import { isBucketName } from './bucket-name'

/** The bucket and the key that an object's whole URL names; null: it is no URL of COS. */
export function cosObjectOf(url: string | null): { readonly bucket: string; readonly object: string } | null {
  const [, bucket = '', key = ''] =
    /^https?:\/\/([^./]+)\.(?:cos|ci|pic)[.-][a-z0-9.-]+\/([^?#]+)/.exec(url ?? '') ?? []
  if (!isBucketName(bucket)) return null
  try {
    return { bucket, object: decodeURIComponent(key) }
  } catch {
    return { bucket, object: key }
  }
}
