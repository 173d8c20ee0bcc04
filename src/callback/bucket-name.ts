/** `media-1250000000`: what can stand in a host name, with the APPID (cloud.tencent.com/document/product/436/13312). */
const BUCKET = /^[a-z0-9][a-z0-9-]{0,49}-\d{5,12}$/

/** A bucket becomes part of a host name: anything else would send a signed request astray. */
export function isBucketName(text: string): boolean {
  return BUCKET.test(text)
}
