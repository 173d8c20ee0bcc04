import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { makeThrowAwayCa } from './fake-cloud-ca'
import { fakeCi } from './fake-cloud-ci'
import { type CosAnswer, cosError, fakeCos, LOST } from './fake-cloud-cos'
import { ApiError, fakeScf, type ScfSettings } from './fake-cloud-scf'
import { definitionProblems } from './vendor-definitions'
import { type Account, type SignedRequest, verifyCos, verifyTc3, verifyV1 } from './fake-cloud-signatures'

export interface RecordedCall {
  /** `scf:CreateFunction`, `cos:PUT`, `ci:GET /queue`, `url:POST`. */
  readonly what: string
  readonly parameters: Record<string, unknown>
}

/**
 * A fake of Tencent Cloud on loopback: API, COS, CI and function URLs, for processes that are started with `env`.
 *
 * It checks every signature, and writes a host or an action that it does not know into `violations`. What it says is what the
 * documents and public programs say of the real services; that those would take the same calls, it cannot show.
 */
export async function startFakeCloud() {
  const region = 'ap-guangzhou'
  const account: Account = {
    secretId: 'AKIDfakefakefakefakefake',
    secretKey: 'fakeSecretKeyfakeSecretKey',
    token: null,
  }
  const role: Account = {
    secretId: 'AKIDroleroleroleroleroler',
    secretKey: 'roleSecretKeyroleSecretKey',
    token: 'role-token',
  }
  const settings: ScfSettings & {
    account: Account
    roleMayAsk: boolean
    /** Calls that are refused once each, by action and code. */
    busy: { action: string; code: string }[]
  } = {
    busy: [],
    roleMayAsk: true,
    appId: '1250000000',
    region,
    apigwGone: false,
    clsTopic: '',
    makesTopics: true,
    urlIsFixed: false,
    keepsRole: false,
    cutsAtSecondEquals: false,
    logged: '{"outcome":"queued"}',
    account,
  }
  const folder = mkdtempSync(join(tmpdir(), 'fake-cloud-'))
  const hostsFile = join(folder, 'hosts')
  const ca = makeThrowAwayCa(folder, [
    '*.tencentcloudapi.com',
    `cos.${region}.myqcloud.com`,
    'service.cos.myqcloud.com',
    `*.cos.${region}.myqcloud.com`,
    `*.ci.${region}.myqcloud.com`,
    `*.${region}.tencentscf.com`,
  ])
  const cos = fakeCos(region)
  const ci = fakeCi()
  const scf = fakeScf(
    settings,
    () => ({
      ...env(),
      TENCENTCLOUD_SECRETID: role.secretId,
      TENCENTCLOUD_SECRETKEY: role.secretKey,
      TENCENTCLOUD_SESSIONTOKEN: String(role.token),
    }),
    (bucket, key) => cos.buckets.get(bucket)?.get(key) ?? null,
  )
  const calls: RecordedCall[] = []
  const violations: string[] = []

  async function api(request: SignedRequest): Promise<CosAnswer> {
    const json = request.headers['content-type'] === 'application/json'
    const service = request.host.slice(0, request.host.indexOf('.'))
    const form = json ? {} : unflatten(new URLSearchParams(request.body.toString()))
    const action = String(json ? request.headers['x-tc-action'] : form['Action'])
    const answered = (answer: object): CosAnswer => ({
      status: 200,
      body: JSON.stringify({ Response: { ...answer, RequestId: randomUUID() } }),
    })
    try {
      try {
        ;(json ? verifyTc3 : verifyV1)(request, settings.account)
      } catch (error) {
        throw new ApiError((error as Error).message, 'The provided credentials could not be validated.')
      }
      const parameters = json ? JSON.parse(request.body.toString()) : form
      calls.push({ what: `${service}:${action}`, parameters })
      const run = scf.actions[`${service}:${action}`]
      if (run === undefined) {
        violations.push(`unknown action ${service}:${action}`)
        throw new ApiError('InvalidAction', `The action ${action} is not known.`)
      }
      const ill = definitionProblems(service, action, json ? parameters : withoutCommon(parameters), !json)
      violations.push(...ill)
      if (ill.length > 0) throw new ApiError('InvalidParameter', ill.join('; '))
      const held = settings.busy.findIndex((one) => one.action === action)
      if (held !== -1) {
        const [refusal] = settings.busy.splice(held, 1)
        throw new ApiError(refusal!.code, 'try again later')
      }
      return answered((await run(parameters)) as object)
    } catch (error) {
      if (error instanceof ApiError) return answered({ Error: { Code: error.code, Message: error.message } })
      violations.push(`${service}:${action} broke the fake: ${String(error)}`)
      return answered({ Error: { Code: 'InternalError', Message: 'the fake broke' } })
    }
  }

  async function storage(
    request: SignedRequest,
    service: 'cos' | 'ci',
    bucket: string | null,
  ): Promise<CosAnswer> {
    const byRole = request.headers.authorization?.includes(role.secretId) === true
    const url = new URL(request.url, 'https://fake')
    const cosRequest = {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      body: request.body,
    }
    try {
      verifyCos(request, byRole ? role : settings.account)
    } catch (error) {
      const { message } = error as Error
      if (message !== 'InvalidAccessKeyId')
        violations.push(`${service}: ${request.method} ${request.url}: ${message}`)
      return cosError(403, message)
    }
    calls.push({
      what: `${service}:${request.method} ${url.pathname}`,
      parameters: { query: url.search, body: request.body.toString('latin1') },
    })
    const answer =
      service === 'cos'
        ? cos.answer(bucket, cosRequest)
        : await ci.answer(cosRequest, !byRole || settings.roleMayAsk)
    if (answer !== null) return answer
    violations.push(`unknown request ${service}: ${request.method} ${request.url}`)
    return cosError(400, 'InvalidRequest')
  }

  async function functionUrl(request: SignedRequest): Promise<CosAnswer> {
    const found = scf.behind(request.host)
    if (found === null) return { status: 404, body: '{"errorCode":"NotFound"}' }
    const url = new URL(request.url, 'https://fake')
    calls.push({ what: `url:${request.method}`, parameters: { path: url.pathname } })
    const event = {
      httpMethod: request.method,
      path: url.pathname,
      queryString: Object.fromEntries(url.searchParams),
      headers: { ...request.headers, 'x-scf-remote-addr': '203.0.113.7' },
      body: request.body.toString(),
    }
    const { answer } = await scf.run(found, JSON.stringify(event))
    const parsed = answer === null ? null : JSON.parse(answer)
    if (typeof parsed?.statusCode !== 'number')
      return { status: 200, body: '{"errno":403,"error":"Invalid scf response format"}' }
    return {
      status: parsed.statusCode,
      body: parsed.isBase64Encoded ? Buffer.from(parsed.body, 'base64') : parsed.body,
    }
  }

  async function answerOf(request: SignedRequest): Promise<CosAnswer> {
    const { host } = request
    if (/^(cam|scf|tag|cls)\.tencentcloudapi\.com$/.test(host)) return api(request)
    if (host === `cos.${region}.myqcloud.com` || host === 'service.cos.myqcloud.com')
      return storage(request, 'cos', null)
    const [, bucket, service] =
      new RegExp(`^([a-z0-9-]+)\\.(cos|ci)\\.${region}\\.myqcloud\\.com$`).exec(host) ?? []
    if (service === 'cos' || service === 'ci') return storage(request, service, bucket ?? null)
    if (host.endsWith(`.${region}.tencentscf.com`)) return functionUrl(request)
    violations.push(`unknown host ${host}`)
    return { status: 502, body: 'fake cloud: no such host' }
  }

  const server = https.createServer({ key: ca.key, cert: ca.certificate }, (request, response) => {
    void read(request).then(async (body) => {
      const host = (request.headers.host ?? '').replace(/:\d+$/, '')
      const answer = await answerOf({
        method: request.method ?? '',
        host,
        url: request.url ?? '',
        headers: request.headers,
        body,
      })
      if (answer === LOST) {
        request.socket.destroy()
        return
      }
      response
        .writeHead(answer.status, {
          'content-type': host.endsWith('.myqcloud.com') ? 'application/xml' : 'application/json',
        })
        .end(answer.body)
    })
  })
  server.on('tlsClientError', (error) =>
    violations.push(`a TLS handshake for a host that the fake does not know: ${error.message}`),
  )
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  function env() {
    return {
      NODE_OPTIONS: `--require ${join(__dirname, 'fake-cloud-route.cjs')}`,
      NODE_EXTRA_CA_CERTS: ca.file,
      FAKE_CLOUD_PORT: String((server.address() as AddressInfo).port),
      FAKE_CLOUD_HOSTS: hostsFile,
    }
  }

  /** A callback to a function URL; resolves to the status of its answer. */
  async function post(url: string, body: string): Promise<number> {
    const { host, pathname } = new URL(url)
    const answer = await functionUrl({
      method: 'POST',
      host,
      url: pathname,
      headers: { host },
      body: Buffer.from(body),
    })
    return answer.status
  }

  return {
    post,
    account,
    settings,
    calls,
    violations,
    cos,
    ci,
    functions: scf.functions,
    place: scf.place,
    /** By service and action, `scf:CreateFunction`: a test may put its own in the place of one. */
    actions: scf.actions,
    roles: scf.roles,
    policies: scf.policies,
    /** For the processes that are to meet this cloud instead of the real one. */
    env: env(),
    /** Every host that those processes have connected to, `host:port`. */
    hosts: (): readonly string[] =>
      existsSync(hostsFile) ? [...new Set(readFileSync(hostsFile, 'utf8').trim().split('\n'))].sort() : [],
    stop: async (): Promise<void> => {
      server.close()
      sockets.forEach((socket) => socket.destroy())
      await once(server, 'close')
      rmSync(folder, { recursive: true, force: true })
      for (const { folder: unpacked } of scf.functions.values())
        rmSync(unpacked, { recursive: true, force: true })
    },
  }
}

export type FakeCloud = Awaited<ReturnType<typeof startFakeCloud>>

async function read(request: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** What the old API puts into each call. */
const COMMON =
  /^(Action|Version|Region|Timestamp|Nonce|SecretId|Token|Signature|SignatureMethod|RequestClient|Language)$/

function withoutCommon(parameters: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !COMMON.test(name)))
}

/** `A.0.B=c` as `{A: [{B: 'c'}]}`. */
function unflatten(form: URLSearchParams): Record<string, unknown> {
  const root: Record<string, unknown> = {}
  for (const [name, value] of form) {
    const parts = name.split('.')
    const last = String(parts.pop())
    let at = root
    parts.forEach((part, index) => {
      at[part] ??= /^\d+$/.test(parts[index + 1] ?? last) ? [] : {}
      at = at[part] as Record<string, unknown>
    })
    at[last] = value
  }
  return root
}
