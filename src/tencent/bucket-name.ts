export { isBucketName } from '../callback/bucket-name'

const REGION = /^[a-z0-9-]{2,40}$/

/** A region becomes part of a host name: anything else would send the signed request astray. */
export function isRegion(text: string): boolean {
  return REGION.test(text)
}
