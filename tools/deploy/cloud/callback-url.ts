/** The longest callback URL that CI's documents promise to take (cloud.tencent.com/document/product/1545/65217). */
export const LONGEST_URL = 100

/** Where the callback function can be reached from outside. */
export interface Address {
  readonly kind: 'url' | 'apigw'
  /** Without the token. */
  readonly base: string
}

/**
 * The URL to paste into COS. A function URL takes any path, so the token is the path; a gateway's path is the one it was made
 * with, so there the token is a query parameter.
 */
export function callbackUrl(address: Address, token: string): string {
  const base = address.base.replace(/\/+$/, '')
  return address.kind === 'url' ? `${base}/${token}` : `${base}/?token=${token}`
}

export function maskedUrl(address: Address): string {
  return callbackUrl(address, '****')
}

/** The two lines that every command prints for the URL. */
export function describeUrl(address: Address, token: string | null, show: boolean): readonly string[] {
  if (token === null)
    return [`  ${maskedUrl(address)}`, '  (CALLBACK_TOKEN is not set here, so the length cannot be told)']
  const { length } = callbackUrl(address, token)
  const hidden = show ? '' : '; the token is hidden, --show-token shows it'
  return [
    `  ${show ? callbackUrl(address, token) : maskedUrl(address)}`,
    length <= LONGEST_URL
      ? `  (${length} of the ${LONGEST_URL} characters that CI takes${hidden})`
      : `  TOO LONG: ${length} characters, CI promises to take ${LONGEST_URL}: use a CALLBACK_TOKEN of at most ${token.length - (length - LONGEST_URL)}${hidden}`,
  ]
}
