const CREDENTIALS = /^(AuthFailure|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidCredential)/
const PERMISSION = /^(UnauthorizedOperation|AccessDenied)/
const UNREACHED =
  'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|socket hang up|no connection within the time allowed'
const NETWORK = new RegExp(`^(${UNREACHED}|no answer in time|the connection failed)$`)
/** The SDKs, and a refusal of COS, keep the code only in their words. */
const CODE_IN_WORDS = new RegExp(`\\b(${UNREACHED}|InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied)\\b`)

/** What somebody's error says, in words that tell what to do. Errors of this plugin, of the SDKs and plain strings alike. */
export function explain(error: unknown): string {
  const { code, message } = codeAndMessage(error)
  if (CREDENTIALS.test(code)) {
    return `Tencent Cloud refused the credentials (${code}): check TENCENT_SECRET_ID and TENCENT_SECRET_KEY (TENCENT_TOKEN too, for temporary keys), or the credentials file, and this machine's clock.`
  }
  if (PERMISSION.test(code)) {
    return `The credentials may not do this (${code}): ${message}\nGive their user that permission (console: Access Management > Users), then run the command again.`
  }
  if (NETWORK.test(code)) {
    return `Tencent Cloud cannot be reached (${message}): check the network, and the proxy if there is one (HTTPS_PROXY, NO_PROXY), then run the command again.`
  }
  return code === '' || message.includes(code) ? message : `${message} (${code})`
}

function codeAndMessage(error: unknown): { readonly code: string; readonly message: string } {
  if (typeof error !== 'object' || error === null) return { code: '', message: String(error) }
  const outer = error as { code?: unknown; message?: unknown; error?: { Code?: unknown; Message?: unknown } }
  const message =
    [outer.error?.Message, outer.message].find((text) => typeof text === 'string') ??
    'It failed and did not say why.'
  const code = [outer.error?.Code, outer.code].find((text) => typeof text === 'string')
  return { code: code ?? CODE_IN_WORDS.exec(message)?.[1] ?? '', message }
}
