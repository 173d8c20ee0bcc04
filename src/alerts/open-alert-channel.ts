import type { DriverContext } from '../drivers/driver-context'
import { type Drivers, openTarget } from '../drivers/open-target'
import type { AlertChannel } from './alert-channel'
import { driver as consoleChannel } from './console'
import { driver as file } from './file'

export const ALERT_CHANNELS: Drivers<AlertChannel> = {
  wecom: () => import('./wecom'),
  dingtalk: () => import('./dingtalk'),
  feishu: () => import('./feishu'),
  lark: () => import('./feishu'),
  slack: () => import('./slack'),
  pagerduty: () => import('./pagerduty'),
  alertmanager: () => import('./alertmanager'),
  http: () => import('./http'),
  console: consoleChannel,
  file,
}

export function openAlertChannel(url: string, context: DriverContext): Promise<AlertChannel> {
  return openTarget('alert channel', url, context, ALERT_CHANNELS)
}
