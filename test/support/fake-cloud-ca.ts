import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface ThrowAwayCa {
  /** For NODE_EXTRA_CA_CERTS. */
  readonly file: string
  readonly key: Buffer
  readonly certificate: Buffer
}

/** A CA and a certificate for the hosts of the cloud, made in `folder` with openssl, which has to be there. */
export function makeThrowAwayCa(folder: string, hosts: readonly string[]): ThrowAwayCa {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  }
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '2',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=throw-away CA of a test',
  )
  openssl('req', ...key, '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=fake cloud')
  writeFileSync(join(folder, 'leaf.ext'), `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(',')}\n`)
  openssl(
    'x509',
    '-req',
    '-in',
    'leaf.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    'leaf.ext',
    '-out',
    'leaf.pem',
  )
  return {
    file: join(folder, 'ca.pem'),
    key: readFileSync(join(folder, 'leaf.key')),
    certificate: readFileSync(join(folder, 'leaf.pem')),
  }
}
