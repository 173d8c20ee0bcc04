/** A key pair of the account, or the temporary one of the function's role. */
export interface Credentials {
  readonly secretId: string
  readonly secretKey: string
  /** Only temporary keys have one. */
  readonly sessionToken: string | null
}

/** What of them an answer must not repeat to anybody. */
export function secretsOf({ secretId, secretKey, sessionToken }: Credentials): string[] {
  return [secretId, secretKey, sessionToken ?? '']
}

/**
 * The credentials in an environment: the role's temporary keys, which SCF sets and renews, else the user's own.
 *
 * Source: SCF runtime variables (cloud.tencent.com/document/product/583/11060).
 */
export function credentialsOf(env: Readonly<Record<string, string | undefined>>): Credentials | null {
  const role = pair(
    env['TENCENTCLOUD_SECRETID'],
    env['TENCENTCLOUD_SECRETKEY'],
    env['TENCENTCLOUD_SESSIONTOKEN'],
  )
  return role ?? pair(env['TENCENT_SECRET_ID'], env['TENCENT_SECRET_KEY'], env['TENCENT_TOKEN'])
}

function pair(
  id: string | undefined,
  key: string | undefined,
  token: string | undefined,
): Credentials | null {
  return id && key ? { secretId: id, secretKey: key, sessionToken: token || null } : null
}
