import type { ConnectionOptions, SecureContext } from 'node:tls'

let context: SecureContext | null = null

/**
 * How every driver speaks TLS to a host: by its name, for a front that picks its certificate by that, and trusting what Node.js trusts and the file
 * that NODE_EXTRA_CA_CERTS names. Throws an Error that says what is wrong with that file.
 */
export function tlsOptions(host: string): ConnectionOptions {
  const isName = process.getBuiltinModule('node:net').isIP(host) === 0
  context ??= contextWith(process.env['NODE_EXTRA_CA_CERTS'])
  return { secureContext: context, ...(isName ? { servername: host.replace(/\.$/, '') } : {}) }
}

/** The file is read here, since the cloud sets the variable after Node.js has looked for it. One context for all: a certificate takes long to read. */
function contextWith(extra: string | undefined): SecureContext {
  const { createSecureContext, rootCertificates } = process.getBuiltinModule('node:tls')
  if (extra === undefined || extra === '') return createSecureContext()
  try {
    const own = process.getBuiltinModule('node:fs').readFileSync(extra, 'utf8')
    // A text in which there is none would be passed over without a word.
    if (!/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/.test(own)) throw new Error('no certificate')
    return createSecureContext({ ca: [...rootCertificates, own] })
  } catch (error) {
    const { syscall, code } = error as NodeJS.ErrnoException
    const fault = syscall === undefined ? 'holds no certificate (PEM)' : `cannot be read (${String(code)})`
    throw new Error(`NODE_EXTRA_CA_CERTS: the file ${extra} ${fault}`, { cause: error })
  }
}
