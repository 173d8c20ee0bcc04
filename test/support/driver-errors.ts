import { inspect } from 'node:util'
import type { DriverContext } from '../../src/drivers/driver-context'

export const CONTEXT: DriverContext = { credentials: () => null, region: 'ap-guangzhou' }

/** Nothing that a person or a log could see of an error may hold a secret: message, stack, causes, all properties. */
export function expectNoSecret(error: unknown, secrets: readonly string[]): void {
  const seen = [
    inspect(error, { depth: 12, showHidden: true, getters: true, maxStringLength: null }),
    JSON.stringify(error, Object.getOwnPropertyNames(error)),
    String((error as Error).stack),
    String((error as Error).cause),
  ].join('\n')
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(5)
    expect(seen).not.toContain(secret)
    expect(seen).not.toContain(encodeURIComponent(secret))
    expect(seen).not.toContain(Buffer.from(secret).toString('base64'))
  }
}
