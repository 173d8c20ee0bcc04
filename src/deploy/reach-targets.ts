import { connect, isIP } from 'node:net'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** Chat robots and the like: the URL is only a key, the host is the service's. */
const PUBLIC_HOSTS: Readonly<Record<string, string>> = {
  wecom: 'qyapi.weixin.qq.com',
  dingtalk: 'oapi.dingtalk.com',
  feishu: 'open.feishu.cn',
  lark: 'open.larksuite.com',
  slack: 'hooks.slack.com',
  pagerduty: 'events.pagerduty.com',
}
const PORTS: Readonly<Record<string, number>> = {
  amqp: 5672,
  amqps: 5671,
  kafka: 9092,
  kafkas: 9093,
  redis: 6379,
  rediss: 6379,
  http: 80,
  https: 443,
  alertmanager: 9093,
  alertmanagers: 443,
}

export function schemeOf(url: string): string {
  return /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? ''
}

/** In the cloud, what these keep is gone with the instance; they are for trying things out. */
export function isShortLived(url: string): boolean {
  return /^(file|memory|console)$/.test(schemeOf(url))
}

/** Where a target's URL leads, one for each broker; empty when it leads to no host (`file:`), or to one found only with a signature. */
export function endpointsOf(url: string): readonly Endpoint[] {
  const scheme = schemeOf(url)
  const stand = /[?&]endpoint=([^&#]+)/.exec(url)?.[1]
  if (stand !== undefined) return endpointsOf(decodeURIComponent(stand))
  const host = PUBLIC_HOSTS[scheme]
  if (host !== undefined) return [{ host, port: 443 }]
  const port = PORTS[scheme]
  if (port === undefined) return []
  const authority = /^[^:]+:\/\/(?:[^@/?#]*@)?([^/?#]*)/.exec(url)?.[1] ?? ''
  return authority
    .split(',')
    .filter((one) => one !== '')
    .map((one) => {
      const [, name = '', given] = /^(\[[^\]]+\]|[^:]*)(?::(\d+))?$/.exec(one) ?? []
      return { host: name.replace(/^\[|\]$/g, ''), port: given === undefined ? port : Number(given) }
    })
}

/** Addresses that only somebody in the same network can reach: for a function, in the same VPC. */
export function isPrivate(host: string): boolean {
  if (isIP(host) === 4)
    return /^(10\.|127\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(
      host,
    )
  if (isIP(host) === 6) return /^(::1$|f[cd]|fe80)/i.test(host)
  return !host.includes('.') || /\.(local|internal)$/i.test(host)
}

/** Null when a connection can be made from here, else why not. */
export function whyUnreachable({ host, port }: Endpoint, patienceMs = 3000): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (why: string | null): void => {
      socket.destroy()
      resolve(why)
    }
    socket.setTimeout(patienceMs, () => end(`no answer within ${patienceMs / 1000} s`))
    socket.once('connect', () => end(null))
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  })
}
