import type { DriverContext } from '../delivery/driver-context'
import { driverOf } from '../delivery/driver-of'
import type { AlertChannel, OpenAlertChannel } from './alert-channel'

const OPENERS: Readonly<Record<string, () => Promise<OpenAlertChannel>>> = {
  wecom: async () => (await import('./wecom')).openWecomChannel,
  dingtalk: async () => (await import('./dingtalk')).openDingtalkChannel,
  feishu: async () => (await import('./feishu')).openFeishuChannel,
  lark: async () => (await import('./feishu')).openFeishuChannel,
  slack: async () => (await import('./slack')).openSlackChannel,
  pagerduty: async () => (await import('./pagerduty')).openPagerdutyChannel,
  alertmanager: async () => (await import('./alertmanager')).openAlertmanagerChannel,
  alertmanagers: async () => (await import('./alertmanager')).openAlertmanagerChannel,
  https: async () => (await import('./http')).openHttpChannel,
  http: async () => (await import('./http')).openHttpChannel,
  console: async () => (await import('./console')).openConsoleChannel,
  file: async () => (await import('./file')).openFileChannel,
}

export const ALERT_SCHEMES: readonly string[] = Object.keys(OPENERS)

/** Opens the channel of the URL's scheme, without touching the network. Throws an Error that says what is wrong, never the URL itself. */
export async function openAlertChannel(url: string, context: DriverContext): Promise<AlertChannel> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? ''
  return (await driverOf('alert channel', scheme, OPENERS)())(url, context)
}
