/** What somebody's error says, in words that tell what to do. Errors of this plugin, of the SDKs and plain strings alike. */
export function explain(error: unknown): string {
  if (typeof error === 'string') return error
  const { code, message } = reasonOf(error)
  if (/^(AuthFailure|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidCredential)/.test(code)) {
    return `Tencent Cloud refused the credentials (${code}): check TENCENT_SECRET_ID and TENCENT_SECRET_KEY (TENCENT_TOKEN too, for temporary keys), or the credentials file, and this machine's clock.`
  }
  if (/^(UnauthorizedOperation|AccessDenied)/.test(code)) {
    return `The credentials may not do this (${code}: ${message}): give their user the permission that is named (Access Management > Users), then run the command again.`
  }
  if (/^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|no answer in time|the connection failed)$/.test(code)) {
    return `Tencent Cloud cannot be reached (${message}): check the network, then run the command again; nothing has to be undone.`
  }
  return code === '' || message.includes(code) ? message : `${message} (${code})`
}

function reasonOf(error: unknown): { readonly code: string; readonly message: string } {
  if (typeof error !== 'object' || error === null) return { code: '', message: String(error) }
  const outer = error as { code?: unknown; message?: unknown; error?: { Code?: unknown; Message?: unknown } }
  const message = String(outer.error?.Message ?? outer.message ?? 'it failed and did not say why')
  const code = outer.error?.Code ?? outer.code
  if (typeof code === 'string') return { code, message }
  // The SDK of the API keeps of a network error only its text.
  return { code: /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH)\b/.exec(message)?.[1] ?? '', message }
}

/** `text` with every one of the secrets, and its percent-encoded form, replaced by `****`. */
export function masked(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]).filter((secret) => secret.length >= 4)
  return forms.sort((a, b) => b.length - a.length).reduce((rest, secret) => rest.replaceAll(secret, '****'), text)
}
