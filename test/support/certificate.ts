import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificate {
  readonly key: Buffer
  readonly cert: Buffer
  /** Of the certificate, which is its own CA. */
  readonly file: string
}

/** Makes a certificate for a name (`DNS:localhost`) or an address (`IP:127.0.0.1`), signed by itself, in a folder. */
export function makeCertificate(folder: string, subject: string): Certificate {
  const file = join(folder, `${subject.replace(/\W/g, '-')}.pem`)
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  const names = ['-subj', `/CN=${subject.replace(/^\w+:/, '')}`, '-addext', `subjectAltName=${subject}`]
  execFileSync(
    'openssl',
    ['req', '-x509', ...curve, '-nodes', '-days', '2', ...names, '-keyout', `${file}.key`, '-out', file],
    { stdio: 'pipe' },
  )
  return { key: readFileSync(`${file}.key`), cert: readFileSync(file), file }
}
