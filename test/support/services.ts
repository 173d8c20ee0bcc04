export type ServiceName = 'rabbitmq' | 'redis' | 'kafka' | 'alertmanager'

/** Where the servers of `npm run services` answer (`127.0.0.1:6390`); null for one that does not. See global-setup.ts. */
function addresses(): Readonly<Record<ServiceName, string | null>> {
  return JSON.parse(process.env['RELAY_SERVICES'] ?? '{}') as Readonly<Record<ServiceName, string | null>>
}

/**
 * A suite that needs a real server. Without the server it is skipped under a name that says how to start it; with CI=true it
 * fails, so that nothing goes untested unseen.
 */
export function describeService(name: ServiceName, suite: (address: string) => void): void {
  const address = addresses()[name] ?? null
  if (address !== null) {
    describe(name, () => suite(address))
    return
  }
  const title = `needs a server: npm run services -- up ${name}`
  if (process.env['CI'] === 'true') {
    test(`${name} ${title}`, () => {
      throw new Error(title)
    })
  } else {
    test.skip(`${name} ${title}`, () => undefined)
  }
}
