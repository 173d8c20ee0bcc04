import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a fake is to do with the next requests. `take` judges each strictly; the others fail whatever comes. */
export type Behaviour = 'take' | 'hang' | 'cut' | 'drip' | Answer

export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Received {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Ms since the epoch, by the robot's clock. */
  readonly now: number
}

/** A robot's own rules: what it answers to a request, and what it took. */
export interface Robot<T> {
  readonly refusals: readonly Answer[]
  readonly throttles: Answer
  /** The answer, and what was taken when the answer is the robot's success. */
  judge(request: Received): { answer: Answer; taken?: T }
}

export interface FakeRobot<T> {
  readonly endpoint: string
  readonly taken: T[]
  readonly robot: Robot<T>
  behave(behaviour: Behaviour): void
  /** Ms since the epoch, by its own clock. */
  now(): number
  /** Shifts its clock, as a test shifts the relay's. */
  passTime(ms: number): void
  /** Stops listening and drops every connection; `start` listens on the same port again. */
  stop(): Promise<void>
  start(): Promise<void>
}

/** Serves a robot on loopback. */
export async function serveRobot<T>(robot: Robot<T>): Promise<FakeRobot<T>> {
  const taken: T[] = []
  let behaviour: Behaviour = 'take'
  let server: Server | null = null
  let port = 0
  let shiftMs = 0
  const now = (): number => Date.now() + shiftMs

  const respond = (request: Received, response: ServerResponse): void => {
    if (behaviour === 'hang') return
    if (behaviour === 'cut') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '4096' })
      response.write('{"errcode":0,')
      setTimeout(() => response.destroy(), 20)
      return
    }
    if (behaviour === 'drip') {
      // A head that promises more than comes, a byte a second.
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '4096' })
      const timer = setInterval(() => response.write(' '), 1000)
      response.on('close', () => clearInterval(timer))
      return
    }
    const verdict = behaviour === 'take' ? robot.judge(request) : { answer: behaviour }
    if (verdict.taken !== undefined) taken.push(verdict.taken)
    response.writeHead(verdict.answer.status, verdict.answer.headers)
    response.end(verdict.answer.body)
  }

  const start = async (): Promise<void> => {
    const next = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const url = new URL(request.url ?? '', 'http://robot')
        const body = Buffer.concat(chunks).toString('utf8')
        const { method = '', headers } = request
        const received = { method, path: url.pathname, query: url.searchParams, headers, body, now: now() }
        respond(received, response)
      })
    })
    await new Promise<void>((resolve) => next.listen(port, '127.0.0.1', resolve))
    port = (next.address() as AddressInfo).port
    server = next
  }

  await start()
  return {
    endpoint: `http://127.0.0.1:${String(port)}`,
    taken,
    robot,
    behave: (next) => {
      behaviour = next
    },
    now,
    passTime: (ms) => {
      shiftMs += ms
    },
    async stop() {
      const old = server
      server = null
      if (old === null) return
      await new Promise((resolve) => {
        old.close(resolve)
        old.closeAllConnections()
      })
    },
    start,
  }
}

export const WECOM_KEY = '693a91f6-7aaa-4bc4-97a0-0ec2sifa5aaa'
export const DINGTALK_TOKEN = '566cc69da782ec33e42541b09b08551f09fbe864eb8008112e994b43887'
export const DINGTALK_SECRET = 'SECb1a2c3d4e5f60718293a4b5c6d7e8f90'
export const FEISHU_HOOK = '7c9d4a5e-1b2f-4e0a-9d3c-5f6a7b8c9d0e'
export const FEISHU_SECRET = 'demo/Secret+22=='
export const SLACK_HOOK = 'T024BE7LD/B08N4C2QX/pXk1Zq3Vb5Nc7Md9Lf2Hg4Js'
export const PAGERDUTY_KEY = 'e93facc04764012d7bfb002500d5d1a6'

/** The robot with a setting that asks for a keyword in each message: `textOf` is where it looks. */
export function asking<T>(
  keyword: string,
  robot: Robot<T>,
  refusal: Answer,
  textOf: (taken: T) => string,
): Robot<T> {
  return {
    ...robot,
    judge(request) {
      const verdict = robot.judge(request)
      const lacks = verdict.taken !== undefined && !textOf(verdict.taken).includes(keyword)
      return lacks ? { answer: refusal } : verdict
    },
  }
}

export type WecomMessage =
  | { readonly msgtype: 'markdown'; readonly markdown: { readonly content: string } }
  | {
      readonly msgtype: 'text'
      readonly text: {
        readonly content: string
        readonly mentioned_list: readonly string[]
        readonly mentioned_mobile_list: readonly string[]
      }
    }

export function wecomText(message: WecomMessage): string {
  return message.msgtype === 'text' ? message.text.content : message.markdown.content
}

/** https://developer.work.weixin.qq.com/document/path/91770: markdown of at most 4096 bytes, text of at most 2048. */
export const WECOM: Robot<WecomMessage> = {
  refusals: [
    wecomSays(
      93000,
      `invalid webhook url, hint: [key=${WECOM_KEY}], more info at https://open.work.weixin.qq.com`,
    ),
    wecomSays(40058, 'markdown.content exceed max length 4096'),
    wecomSays('0', 'a text is no code'),
    { status: 200, body: '<html>captive portal</html>' },
    { status: 502, body: JSON.stringify({ errcode: 0, errmsg: 'ok' }) },
  ],
  throttles: wecomSays(45009, 'api freq out of limit'),
  judge(request) {
    const { body, wrong } = jsonPost(request, '/cgi-bin/webhook/send')
    if (wrong !== null) return { answer: wecomSays(40008, wrong) }
    if (!hasExactly(request.query, { key: WECOM_KEY }))
      return { answer: wecomSays(93000, 'invalid webhook url') }
    if (body.msgtype === 'text') {
      if (!sameKeys(body.text, ['content', 'mentioned_list', 'mentioned_mobile_list']))
        return { answer: wecomSays(40035, 'invalid parameter') }
      if (!isText(body.text.content)) return { answer: wecomSays(44004, 'empty content') }
      if (Buffer.byteLength(body.text.content) > 2048)
        return { answer: wecomSays(45002, 'content size out of limit') }
      return { answer: wecomSays(0, 'ok'), taken: body }
    }
    if (!sameKeys(body, ['msgtype', 'markdown'])) return { answer: wecomSays(40035, 'invalid parameter') }
    if (body.msgtype !== 'markdown') return { answer: wecomSays(40008, 'invalid message type') }
    const { content } = body.markdown
    if (!sameKeys(body.markdown, ['content']) || !isText(content))
      return { answer: wecomSays(44004, 'empty content') }
    if (Buffer.byteLength(content) > 4096)
      return { answer: wecomSays(40058, 'markdown.content exceed max length 4096') }
    return { answer: wecomSays(0, 'ok'), taken: body }
  },
}

export function wecomSays(errcode: unknown, errmsg: string): Answer {
  return json(200, { errcode, errmsg })
}

export interface DingtalkMessage {
  readonly msgtype: 'markdown'
  readonly markdown: { readonly title: string; readonly text: string }
  readonly at: {
    readonly atMobiles: readonly string[]
    readonly atUserIds?: readonly string[]
    readonly isAtAll: boolean
  }
}

/**
 * https://open.dingtalk.com/document/robots/custom-robot-access: signed when `secret` is given; nobody may be mentioned but whom `mayCall` names, in `at` and
 * in the text.
 */
export function dingtalk(secret: string | null, mayCall: readonly string[] = []): Robot<DingtalkMessage> {
  return {
    refusals: [
      wecomSays(310000, `keywords not in content, more: [token ${DINGTALK_TOKEN}, secret ${String(secret)}]`),
      wecomSays(300005, 'token is not exist'),
      { status: 200, body: '{}' },
    ],
    throttles: wecomSays(130101, 'send too fast, exceed 20 times per minute'),
    judge(request) {
      const { body, wrong } = jsonPost(request, '/robot/send')
      if (wrong !== null) return { answer: wecomSays(43004, wrong) }
      const timestamp = request.query.get('timestamp') ?? ''
      const expected = {
        access_token: DINGTALK_TOKEN,
        ...(secret === null
          ? {}
          : {
              timestamp,
              sign: createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64'),
            }),
      }
      if (!hasExactly(request.query, expected)) return { answer: wecomSays(310000, 'sign not match') }
      if (secret !== null && !isFresh(timestamp, /^\d{13}$/, 1, request.now))
        return { answer: wecomSays(310000, 'invalid timestamp') }
      if (Buffer.byteLength(request.body) > 20_000) return { answer: wecomSays(460101, 'message too long') }
      const { markdown, at } = body
      if (!sameKeys(body, ['msgtype', 'markdown', 'at']) || body.msgtype !== 'markdown') {
        return { answer: wecomSays(400035, 'invalid parameter') }
      }
      if (!sameKeys(markdown, ['title', 'text']) || !isText(markdown.title) || !isText(markdown.text)) {
        return { answer: wecomSays(400035, 'markdown is empty') }
      }
      const called = [...at.atMobiles, ...(at.atUserIds ?? []), ...(at.isAtAll === true ? ['all'] : [])]
      if (!called.every((id) => mayCall.includes(id) && String(markdown.text).includes(`@${String(id)}`)))
        return { answer: wecomSays(400035, 'at must be empty') }
      return { answer: wecomSays(0, 'ok'), taken: body }
    },
  }
}

interface PlainTextNode {
  readonly tag: 'plain_text'
  readonly content: string
}

export interface FeishuMessage {
  readonly card: {
    readonly header: { readonly template: string; readonly title: PlainTextNode }
    readonly elements: readonly {
      readonly tag: string
      readonly text?: PlainTextNode
      readonly elements?: PlainTextNode[]
      /** Of Markdown. */
      readonly content?: string
    }[]
  }
}

/**
 * https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: body of at most 20 KB, signed when `secret` is given; no Markdown but `call`, which
 * mentions somebody.
 */
export function feishu(
  secret: string | null,
  success: unknown = { code: 0, msg: 'success', data: {} },
  call?: string,
): Robot<FeishuMessage> {
  return {
    refusals: [
      json(200, { code: 19024, msg: `Key Words Not Found ${FEISHU_HOOK}`, data: {} }),
      json(200, { code: 19021, msg: `sign match fail ${FEISHU_SECRET}` }),
      json(400, { code: 9499, msg: 'Bad Request', data: {} }),
      json(200, { StatusCode: 19001, StatusMessage: 'incoming webhook access token invalid' }),
      json(200, { msg: 'success' }),
      json(200, { code: 19022, StatusCode: 0, msg: 'Ip Not Allowed' }),
    ],
    throttles: json(200, { code: 11232, msg: 'frequency limited psm' }),
    judge(request) {
      const { body, wrong } = jsonPost(request, `/open-apis/bot/v2/hook/${FEISHU_HOOK}`)
      const bad = (msg: string): { answer: Answer } => ({ answer: json(400, { code: 9499, msg, data: {} }) })
      if (wrong !== null || !hasExactly(request.query, {})) return bad(wrong ?? 'query')
      if (Buffer.byteLength(request.body) > 20_000) return bad('too long')
      if (
        !sameKeys(body, secret === null ? ['msg_type', 'card'] : ['timestamp', 'sign', 'msg_type', 'card'])
      ) {
        return bad('fields')
      }
      if (secret !== null) {
        const sign = createHmac('sha256', `${String(body.timestamp)}\n${secret}`)
          .update('')
          .digest('base64')
        if (
          typeof body.timestamp !== 'string' ||
          !isFresh(body.timestamp, /^\d{10}$/, 1000, request.now) ||
          body.sign !== sign
        ) {
          return {
            answer: json(200, { code: 19021, msg: 'sign match fail or timestamp is not within one hour' }),
          }
        }
      }
      if (body.msg_type !== 'interactive') return bad('msg_type')
      const { header, elements } = body.card
      if (!['red', 'orange', 'blue'].includes(header.template) || !isPlain(header.title)) return bad('header')
      for (const element of elements) {
        if (element.tag === 'markdown' && element.content === call) continue
        const nodes =
          element.tag === 'div' ? [element.text] : element.tag === 'note' ? element.elements : null
        if (nodes === null || nodes.length === 0 || !nodes.every(isPlain)) return bad('element')
      }
      return { answer: json(200, success), taken: body }
    },
  }
}

function isPlain(node: unknown): boolean {
  return (
    sameKeys(node, ['tag', 'content']) &&
    (node as { tag: string }).tag === 'plain_text' &&
    isText((node as { content: unknown }).content)
  )
}

export interface SlackMessage {
  readonly text: string
  readonly blocks: readonly {
    readonly type: string
    readonly text?: { text: string }
    readonly elements?: { text: string }[]
  }[]
}

export const SLACK = slack()

/**
 * https://api.slack.com/reference/block-kit/blocks: 50 blocks, header 150 characters, section 3000, all of them plain text but `call`, which mentions
 * somebody.
 */
export function slack(call?: string): Robot<SlackMessage> {
  return {
    refusals: [
      { status: 404, body: 'no_service' },
      { status: 403, body: `action_prohibited ${SLACK_HOOK}` },
      { status: 200, body: 'invalid_payload' },
      { status: 200, body: '' },
    ],
    throttles: { status: 429, body: 'rate_limited', headers: { 'retry-after': '30' } },
    judge(request) {
      const { body, wrong } = jsonPost(request, `/services/${SLACK_HOOK}`)
      const bad = (words: string): { answer: Answer } => ({ answer: { status: 400, body: words } })
      if (wrong !== null || !hasExactly(request.query, {})) return bad('invalid_payload')
      if (!sameKeys(body, ['text', 'blocks']) || !isText(body.text)) return bad('no_text')
      if (/[<>]|&(?!amp;|lt;|gt;)/.test(body.text) || body.text.length > 4000) return bad('invalid_text')
      if (body.blocks.length > 50) return bad('invalid_blocks')
      let length = 0
      for (const block of body.blocks) {
        if (block.type === 'divider') {
          if (!sameKeys(block, ['type'])) return bad('invalid_blocks')
          continue
        }
        if (call !== undefined && block.type === 'section' && sameKeys(block.text, ['type', 'text'])) {
          if (block.text.type !== 'mrkdwn' || block.text.text !== call) return bad('invalid_blocks')
          continue
        }
        const nodes = block.type === 'context' ? block.elements : [block.text]
        if (!['header', 'section', 'context'].includes(block.type) || nodes.length > 10)
          return bad('invalid_blocks')
        for (const node of nodes) {
          if (
            !sameKeys(node, ['type', 'text', 'emoji']) ||
            node.type !== 'plain_text' ||
            node.emoji !== false
          ) {
            return bad('invalid_blocks')
          }
          if (!isText(node.text) || node.text.length > (block.type === 'header' ? 150 : 3000))
            return bad('invalid_blocks')
          length += Number(node.text.length)
        }
      }
      if (length > 13_200) return bad('msg_blocks_too_long')
      return { answer: { status: 200, body: 'ok' }, taken: body }
    },
  }
}

export interface PagerdutyEvent {
  readonly event_action: 'trigger' | 'resolve'
  readonly dedup_key: string
  readonly payload?: {
    readonly summary: string
    readonly severity: string
    readonly source: string
    readonly component?: string
    readonly custom_details?: Readonly<Record<string, unknown>>
  }
}

const PAGERDUTY_FIELDS = [
  'summary',
  'source',
  'severity',
  'timestamp',
  'component',
  'group',
  'class',
  'custom_details',
]

/** https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ */
export const PAGERDUTY: Robot<PagerdutyEvent> = {
  refusals: [
    json(400, {
      status: 'invalid event',
      message: 'Event object is invalid',
      errors: [`Invalid routing key ${PAGERDUTY_KEY}`],
    }),
    json(200, { status: 'success' }),
    json(500, { status: 'error' }),
  ],
  throttles: json(429, {
    status: 'throttle exceeded',
    message: 'Requests for this service are arriving too quickly',
  }),
  judge(request) {
    const { body, wrong } = jsonPost(request, '/v2/enqueue')
    const bad = (error: string): { answer: Answer } => ({
      answer: json(400, { status: 'invalid event', message: 'Event object is invalid', errors: [error] }),
    })
    if (wrong !== null || !hasExactly(request.query, {})) return bad(wrong ?? 'query')
    if (Buffer.byteLength(request.body) > 512_000) return { answer: json(413, { message: 'too large' }) }
    if (body.routing_key !== PAGERDUTY_KEY) return bad('Invalid routing key')
    if (!isText(body.dedup_key) || body.dedup_key.length > 255) return bad('dedup_key')
    const taken = {
      answer: json(202, { status: 'success', message: 'Event processed', dedup_key: body.dedup_key }),
      taken: body,
    }
    if (body.event_action === 'resolve') {
      const { payload, ...rest } = body
      if (!sameKeys(rest, ['routing_key', 'event_action', 'dedup_key'])) return bad('fields')
      return payload === undefined || sameKeys(payload, ['summary', 'source', 'severity'])
        ? taken
        : bad('payload')
    }
    if (body.event_action !== 'trigger') return bad('event_action')
    if (!sameKeys(body, ['routing_key', 'event_action', 'dedup_key', 'payload'])) return bad('fields')
    const { payload } = body
    if (Object.keys(payload).some((name) => !PAGERDUTY_FIELDS.includes(name))) return bad('payload fields')
    if (!isText(payload.summary) || payload.summary.length > 1024) return bad('payload.summary')
    if (!isText(payload.source) || !['critical', 'error', 'warning', 'info'].includes(payload.severity))
      return bad('payload.source')
    for (const name of ['component', 'group', 'class']) {
      if (payload[name] !== undefined && !isText(payload[name])) return bad(`payload.${name}`)
    }
    if (payload.timestamp !== undefined && Number.isNaN(Date.parse(payload.timestamp)))
      return bad('payload.timestamp')
    return taken
  },
}

export interface AlertmanagerAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
}

/** https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml, as far as alerts go; keeps them by their labels. */
export function alertmanager(prefix = '', authorization?: string): Robot<AlertmanagerAlert[]> {
  const alerts = new Map<string, AlertmanagerAlert>()
  const bad = (words: string): { answer: Answer } => ({ answer: json(400, words) })
  return {
    refusals: [json(400, 'start time must be before end time'), json(500, 'oops'), { status: 202, body: '' }],
    throttles: { status: 429, body: 'slow down', headers: { 'retry-after': '5' } },
    judge(request) {
      if (request.headers.authorization !== authorization)
        return { answer: { status: 401, body: 'Unauthorized' } }
      if (request.method === 'GET') {
        const digest = /^incident="([0-9a-f]{32})"$/.exec(request.query.get('filter') ?? '')?.[1]
        if (request.path !== `${prefix}/api/v2/alerts` || digest === undefined)
          return bad('bad matcher format')
        const open = [...alerts.values()].filter(
          (alert) => alert.labels['incident'] === digest && Date.parse(alert.endsAt) > request.now,
        )
        return {
          answer: json(
            200,
            open.map((alert) => ({ ...alert, fingerprint: 'f', receivers: [], status: {} })),
          ),
        }
      }
      const { body, wrong } = jsonPost(request, `${prefix}/api/v2/alerts`)
      if (wrong !== null || !Array.isArray(body) || body.length === 0) return bad(wrong ?? 'no array')
      for (const alert of body) {
        if (!sameKeys(alert, ['labels', 'annotations', 'startsAt', 'endsAt'])) return bad('fields')
        const names = [...Object.entries(alert.labels), ...Object.entries(alert.annotations)]
        if (!names.every(([name, value]) => /^[a-zA-Z_]\w*$/.test(name) && isText(value)))
          return bad('labels')
        if (!isText(alert.labels.alertname) || !isRfc3339(alert.startsAt) || !isRfc3339(alert.endsAt))
          return bad('alertname')
        if (Date.parse(alert.startsAt) > Date.parse(alert.endsAt))
          return bad('start time must be before end time')
        alerts.set(JSON.stringify(Object.entries(alert.labels as object).sort()), alert)
      }
      return { answer: { status: 200, body: '' }, taken: body }
    },
  }
}

export function json(status: number, value: unknown): Answer {
  return { status, body: JSON.stringify(value), headers: { 'content-type': 'application/json' } }
}

/* eslint-disable-next-line @typescript-eslint/no-explicit-any -- judged field by field */
export function jsonPost(request: Received, path: string): { body: any; wrong: string | null } {
  if (request.method !== 'POST') return { body: null, wrong: 'must be a POST' }
  if (request.path !== path) return { body: null, wrong: 'no such path' }
  if (!/^application\/json(; charset=utf-8)?$/.test(request.headers['content-type'] ?? '')) {
    return { body: null, wrong: 'must be JSON' }
  }
  try {
    return { body: JSON.parse(request.body), wrong: null }
  } catch {
    return { body: null, wrong: 'not JSON' }
  }
}

function hasExactly(query: URLSearchParams, expected: Readonly<Record<string, string>>): boolean {
  const given = [...query].sort()
  return JSON.stringify(given) === JSON.stringify(Object.entries(expected).sort())
}

function sameKeys(value: unknown, keys: readonly string[]): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    JSON.stringify(Object.keys(value).sort()) === JSON.stringify([...keys].sort())
  )
}

/** Text with something in it, in valid UTF-16, as a robot's JSON reader asks for. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && !/\p{Surrogate}/u.test(value)
}

function isFresh(timestamp: string, form: RegExp, msPerUnit: number, now: number): boolean {
  return form.test(timestamp) && Math.abs(Number(timestamp) * msPerUnit - now) < 60_000
}

function isRfc3339(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value)
}
