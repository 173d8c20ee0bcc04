import { bodyText, isBase64 } from '../callback/body-text'
import { endOf, keyOf, type Notice } from '../callback/notice'
import { type Callback, readCallback } from '../callback/read-callback'
import { UnreadableCallback } from '../callback/unreadable-callback'
import type { GatewayRequest } from '../gateway/request'
import { type Answer, refusal } from './answer'
import { authenticator, offeredSecrets } from './authenticate'
import type { Deadline } from '../delivery/deadline'
import { timedStore } from '../stores/timed-store'
import { DEADLINES, startDeadline } from './deadlines'
import { messageOf } from './ledger'
import { fewAtOnce } from './few-at-once'
import { answerTo, type Outcome } from './outcome'
import type { RelayParts } from './parts'
import type { Run } from './run'
import { keepUnknown, quarantine } from './quarantine'
import { spareMemoryFor } from './spare-memory'
import { settleNotice } from './settle-notice'
import { startStopwatch } from './stopwatch'
import { toldOfUnreadable } from './told-of-unreadable'

/** What the cloud says of this invocation. */
export interface Invocation {
  /** How long it may still last, in ms; null when unknown. */
  readonly remainingMs: number | null
}

export type Relay = (request: GatewayRequest, invocation: Invocation) => Promise<Answer>

/** The longest body that either trigger passes on. */
export const LONGEST_BODY = 6 * 1024 * 1024

/** Puts the pipeline together: authenticate, parse, verify, claim, route, deliver, settle. It never throws. */
export function createRelay(parts: RelayParts): Relay {
  const isAuthentic = authenticator(parts.tokens)
  const arrival = arrivals()

  return async (request, invocation) => {
    const stopwatch = startStopwatch()
    const run: Run = {
      deadline: startDeadline(Math.min(DEADLINES.callback, (invocation.remainingMs ?? Infinity) - 300)),
      leaseMs: Math.max(DEADLINES.callback + 1_000, invocation.remainingMs ?? 0),
      arrivedAt: arrival(),
      stopwatch,
    }
    const { answer, ...notes } = await safely(() => handle(request, run))
    parts.log(levelOf(answer), 'callback', {
      status: answer.status,
      ...notes,
      ms: stopwatch.read(),
      requestId: request.requestId,
      sourceIp: request.sourceIp,
    })
    return answer
  }

  async function handle(request: GatewayRequest, run: Run): Promise<Result> {
    const { stopwatch } = run
    if (!stopwatch.time('authenticate', () => isAuthentic(offeredSecrets(request.path, request.query))))
      return { answer: refusal(401, 'unauthorized') }
    if (request.method === 'GET' || request.method === 'HEAD')
      return { answer: { status: 200, body: about(parts) } }
    if (request.method !== 'POST')
      return {
        answer: {
          ...refusal(405, 'method-not-allowed', 'Use POST for callbacks, GET to look.'),
          headers: { Allow: 'GET, HEAD, POST' },
        },
      }
    if (bytesIn(request) > LONGEST_BODY)
      return { answer: refusal(413, 'too-large', `The body is larger than ${LONGEST_BODY} bytes.`) }

    await spareMemoryFor(request.body)
    const read = stopwatch.time('parse', () => parse(request, parts.messageRaw))
    if (read instanceof UnreadableCallback) {
      const told = await stopwatch.time('verify', () => toldOfUnreadable(parts, request, run))
      if (told !== null) {
        const outcome = await settleNotice(parts, told, run)
        return { answer: answerTo([outcome]), ...notesOn([told], [outcome]), error: read.code }
      }
      const kept = await stopwatch.time('quarantine', () => quarantine(parts, request, read, run))
      return {
        answer: kept ?? refusal(400, read.code, read.message),
        outcome: 'unreadable',
        error: read.code,
      }
    }
    if (read === 'test') return { answer: { status: 200, body: { outcome: 'test' } }, outcome: 'test' }
    const end = run.deadline.plus(DEADLINES.reserve - DEADLINES.answer)
    const cut = read.length > 1 ? { ...parts, store: cutStore(parts.store, end) } : parts
    const verdict =
      parts.verify === 'off'
        ? read
        : await stopwatch.time('verify', async () =>
            (await import('./verify')).verify(cut, read, request, run),
          )
    const isRepeat = repeats()
    const unknown = await keepUnknown(parts, read, request, run)
    const inTurn = turns()
    const outcomes = (await fewAtOnce(verdict, async (one, index): Promise<Outcome> => {
      if ('outcome' in one) return one
      // Each comes after those in front of it, as if it had been sent by itself.
      const own = index === 0 ? run : { ...run, arrivedAt: arrival() }
      if (isRepeat(one)) return { outcome: 'duplicate', ...endOf(one) }
      if (one.unknownEvent !== null && unknown !== 'tell')
        return { outcome: unknown === 'told' ? 'parked' : 'undelivered', ...endOf(one) }
      if (
        one.isOpen &&
        parts.readBack !== null &&
        (await (await import('./verify')).parkOpen(parts, one, request, run))
      )
        return { outcome: 'parked', ...endOf(one) }
      return inTurn(one.work, async () =>
        end.isOver ? { outcome: 'undelivered', ...endOf(one) } : settleNotice(cut, one, own),
      )
    })) as unknown as readonly [Outcome, ...Outcome[]]
    // What CI says of it counts, as far as it was asked.
    const told = read.map((notice, index) => {
      const one = verdict[index]
      return one === undefined || 'outcome' in one ? notice : one
    })
    return { answer: answerTo(outcomes), ...notesOn(told, outcomes) }
  }

  /** A fault of our own is a 503: the callback is then neither delivered nor parked, as far as anyone can know. */
  async function safely(run: () => Promise<Result>): Promise<Result> {
    try {
      return await run()
    } catch (error) {
      parts.log('error', 'a fault of the relay itself', {
        error: messageOf(error),
        stack: (error as Error).stack,
      })
      return {
        answer: {
          ...refusal(503, 'internal', 'The relay failed; its log says why.'),
          headers: { 'Retry-After': '5' },
        },
      }
    }
  }
}

/** Whether the same end came before in one body: the first one settles it. */
function repeats(): (notice: Notice) => boolean {
  const seen = new Set<string>()
  return (notice) => {
    const before = seen.size
    return seen.add(keyOf(notice)).size === before
  }
}

/** What is about one piece of work is settled in the order of the body: its success must find the incident that its failure opened. */
function turns(): <T>(work: string | null, settle: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>()
  return async (work, settle) => {
    if (work === null) return settle()
    const before = last.get(work)
    const own = before === undefined ? settle() : before.then(settle, settle)
    last.set(work, own)
    return own
  }
}

/** For a body whose jobs take turns: each turn would have the store's whole patience, and they come to more than the callback has. */
function cutStore(store: RelayParts['store'], end: Deadline): RelayParts['store'] {
  return store && timedStore(store, () => end.left)
}

/** A repeat that comes while another worker is at it is no error: the sender comes again. */
function levelOf({ status, body }: Answer): 'info' | 'warn' | 'error' {
  if (status === 200) return 'info'
  return status === 503 && body['error'] !== 'held' ? 'error' : 'warn'
}

type Result = { readonly answer: Answer } & Readonly<Record<string, unknown>>

function parse(request: GatewayRequest, keepsRaw: boolean): Callback | UnreadableCallback {
  try {
    return readCallback(bodyText(request.body, request.base64), keepsRaw)
  } catch (error) {
    if (error instanceof UnreadableCallback) return error
    throw error
  }
}

function bytesIn({ body, base64 }: GatewayRequest): number {
  return Buffer.byteLength(body, isBase64(body, base64) ? 'base64' : 'utf8')
}

/** Each callback's time of arrival, in ms since the epoch: never the same twice in one process. */
function arrivals(): () => number {
  let last = 0
  return () => (last = Math.max(Date.now(), last + 0.001))
}

/** What a person sees who opens the URL: schemes, never secrets. */
function about({ queue, channels, store, verify: mode, language, about: more }: RelayParts): Answer['body'] {
  return {
    service: 'cos-callback-relay',
    ...more,
    queue: queue?.scheme ?? null,
    alerts: channels.map(({ channel }) => channel.scheme),
    store: store?.scheme ?? null,
    verify: mode,
    alertLang: language,
  }
}

/** One notice: flat fields; several: a list. */
function notesOn(
  notices: readonly Notice[],
  outcomes: readonly Outcome[],
): Readonly<Record<string, unknown>> {
  const notes = notices.map(({ kind, bucket, object, verdict, workflow, odd }, index) => {
    const outcome = outcomes[index]
    return {
      outcome: outcome?.outcome,
      kind,
      id: outcome?.id,
      bucket,
      object,
      state: outcome?.state,
      verdict,
      ...(workflow && { workflow: workflow.id }),
      ...(odd.length > 0 && { odd }),
    }
  })
  return notes.length === 1 ? { ...notes[0] } : { outcomes: notes }
}
