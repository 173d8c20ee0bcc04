import { plainText } from './alert'
import type { OpenAlertChannel } from './alert-channel'

export const openConsoleChannel: OpenAlertChannel = () => ({
  scheme: 'console',
  limit: null,
  send: async (alert) => {
    console.log(`${alert.title}\n${plainText(alert)}`)
  },
  close: async () => {},
})
