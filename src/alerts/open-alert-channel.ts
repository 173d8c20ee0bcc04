import type { DriverContext } from '../delivery/driver-context'
import type { AlertChannel, OpenAlertChannel } from './alert-channel'

const drivers: Record<string, () => Promise<OpenAlertChannel>> = {
  console: async () => (await import('./console')).openConsoleChannel,
}

export const ALERT_SCHEMES = Object.keys(drivers)

export async function openAlertChannel(url: string, context: DriverContext): Promise<AlertChannel> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
  const load = scheme === undefined ? undefined : drivers[scheme]
  if (load === undefined) throw new Error(`unknown scheme; use one of: ${ALERT_SCHEMES.join(', ')}`)
  return (await load())(url, context)
}
