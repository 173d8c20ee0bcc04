const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/**
 * Why a client library failed, fit for a person: a system error's code (`ECONNREFUSED`), else the first line of the message. Never the rest of
 * the error, on which libraries hang commands and addresses.
 */
export function reasonOf(error: unknown): string {
  const { code, syscall, message } = error as { code?: unknown; syscall?: unknown; message?: unknown }
  if (typeof code === 'string' && UNTRUSTED.has(code))
    return `${code}: its certificate is signed by nobody who is trusted here; name the file of its CA in NODE_EXTRA_CA_CERTS`
  // OpenSSL's own words are a place in its source.
  if (typeof code === 'string' && /^(?:EPROTO|ERR_SSL_\w+)$/.test(code))
    return `${code}: it does not speak TLS as it should`
  if (typeof code === 'string' && (typeof syscall === 'string' || !message)) return code
  return String(message).split('\n', 1)[0] ?? ''
}
