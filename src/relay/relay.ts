import { bodyText, isBase64 } from '../callback/body-text'
import type { Notice } from '../callback/notice'
import type { Notices } from '../callback/notices'
import { readBody } from '../callback/read-body'
import { isUnreadable, type UnreadableCallback } from '../callback/unreadable-callback'
import type { GatewayRequest } from '../gateway/request'
import { about } from './about'
import { type Answer, refusal } from '../gateway/answer'
import { noteOldToken } from './old-token'
import { offeredSecrets, tokenFinder } from './authenticate'
import { DEADLINES, startDeadline } from '../deadlines'
import { keepUnknown } from './keep-unknown'
import { messageOf } from '../log'
import { LONGEST_BODY } from './longest-body'
import { noteOn } from './note-on'
import { answerTo, type Outcome } from './outcome'
import type { Services } from '../services'
import { arrivedAfter, type CallbackContext } from './callback-context'
import { quarantine } from './quarantine'
import { spareMemoryFor } from './spare-memory'
import { settleNotice } from './settle-notice'
import { type KeepUnknown, settleTold } from './settle-told'
import { startStopwatch } from './stopwatch'
import { sweepWatch } from './sweep-watch'

/** What the cloud says of this invocation. */
export interface Invocation {
  /** How long it may still last, in ms; null when unknown. */
  readonly remainingMs: number | null
}

export type Relay = (request: GatewayRequest, invocation: Invocation) => Promise<Answer>

/** Puts the pipeline together: authenticate, parse, verify, claim, route, deliver, settle. It never throws. */
export function createRelay(services: Services): Relay {
  const tokenOf = tokenFinder(services.tokens)
  const arrival = arrivals()
  const watch = sweepWatch(services)

  return async (request, invocation) => {
    const stopwatch = startStopwatch()
    const deadline = startDeadline(Math.min(DEADLINES.callback, (invocation.remainingMs ?? Infinity) - 300))
    const look: { under: Promise<unknown> | null } = { under: null }
    const context: CallbackContext = {
      deadline,
      leaseMs: Math.max(DEADLINES.callback + 1_000, invocation.remainingMs ?? 0),
      arrivedAt: arrival(),
      stopwatch,
      ...(watch && { seesSweep: (note) => void (look.under ??= watch(note, deadline)) }),
    }
    const { answer, ...notes } = await safely(() => handle(request, context))
    // Meanwhile, and within the callback's own time: once it is answered, the instance may be frozen.
    await look.under
    services.log(levelOf(answer), 'callback', {
      status: answer.status,
      ...notes,
      ms: stopwatch.read(),
      requestId: request.requestId,
      sourceIp: request.sourceIp,
    })
    return answer
  }

  async function handle(request: GatewayRequest, context: CallbackContext): Promise<Result> {
    const { stopwatch } = context
    const token = stopwatch.time('authenticate', () => tokenOf(offeredSecrets(request.path, request.query)))
    if (token < 0) return { answer: refusal(401, 'unauthorized') }
    if (request.method === 'GET' || request.method === 'HEAD')
      return { answer: { status: 200, body: await about(services) } }
    if (request.method !== 'POST')
      return {
        answer: {
          ...refusal(405, 'method-not-allowed', 'Use POST for callbacks, GET to look.'),
          headers: { Allow: 'GET, HEAD, POST' },
        },
      }
    // Whoever rotates the token waits until nobody comes by the old one.
    if (token > 0) await noteOldToken(services)
    if (bytesIn(request) > LONGEST_BODY)
      return { answer: refusal(413, 'too-large', `The body is larger than ${LONGEST_BODY} bytes.`) }

    await spareMemoryFor(request.body)
    const read = await stopwatch.time('parse', () =>
      parse(request, services.messageRaw, () => context.deadline.isOver),
    )
    if (isUnreadable(read)) {
      const told = await stopwatch.time('verify', () => askAboutUnreadable(request, context))
      if (told !== null) {
        const outcome = await settleNotice(services, told, context)
        return { ...resultOf(told, outcome), error: read.code }
      }
      const kept = await stopwatch.time('quarantine', () => quarantine(services, request, read, context))
      return {
        answer: kept ?? refusal(400, read.code, read.message),
        outcome: 'unreadable',
        error: read.code,
      }
    }
    if (read === 'test') return { answer: { status: 200, body: { outcome: 'test' } }, outcome: 'test' }
    const [first, isAlone] = [read.at(0), read.length === 1]
    if (first !== undefined && isAlone) return settleOnly(first, request, context)
    // Once for all of a body, which is kept whole.
    let unknown: ReturnType<KeepUnknown> | null = null
    const { settleMany } = await import('./settle-many')
    return settleMany(
      services,
      read,
      request,
      { ...context, arrivedAt: arrival(read.length) },
      {
        settle: settleTold,
        keepUnknown: async (notice) => (unknown ??= keepUnknown(services, notice, request, context)),
      },
    )
  }

  async function settleOnly(
    notice: Notice,
    request: GatewayRequest,
    context: CallbackContext,
  ): Promise<Result> {
    const isAsked = services.verify !== 'off' || (notice.isOpen && services.readBack !== null)
    const told = isAsked
      ? await context.stopwatch.time('verify', async () =>
          (await import('./verify')).verify(services, notice, request, context),
        )
      : notice
    if ('outcome' in told) return resultOf(notice, told)
    const outcome = await settleTold(services, told, context, async (one) =>
      keepUnknown(services, one, request, context),
    )
    return resultOf(told, outcome)
  }

  /** Null when CI cannot be asked. */
  async function askAboutUnreadable(
    request: GatewayRequest,
    context: CallbackContext,
  ): Promise<Notice | null> {
    if (services.readBack === null) return null
    return (await import('./told-of-unreadable')).toldOfUnreadable(services, request, context)
  }

  /** A fault of our own is a 503: the callback is then neither delivered nor parked, as far as anyone can know. */
  async function safely(run: () => Promise<Result>): Promise<Result> {
    try {
      return await run()
    } catch (error) {
      services.log('error', 'a fault of the relay itself', {
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

/** A repeat that comes while another worker is at it is no error: the sender comes again. */
function levelOf({ status, body }: Answer): 'info' | 'warn' | 'error' {
  if (status === 200) return 'info'
  return status === 503 && body['error'] !== 'held' ? 'error' : 'warn'
}

type Result = { readonly answer: Answer } & Readonly<Record<string, unknown>>

async function parse(
  request: GatewayRequest,
  keepsRaw: boolean,
  timeIsUp: () => boolean,
): Promise<Notices | 'test' | UnreadableCallback> {
  try {
    return await readBody(bodyText(request.body, request.base64), keepsRaw, timeIsUp)
  } catch (error) {
    if (isUnreadable(error)) return error
    throw error
  }
}

function bytesIn({ body, base64 }: GatewayRequest): number {
  return Buffer.byteLength(body, isBase64(body, base64) ? 'base64' : 'utf8')
}

/** The times of arrival of so many notices, the first one's, in ms since the epoch: never the same twice in one process. */
function arrivals(): (count?: number) => number {
  let next = 0
  return (count = 1) => {
    const first = Math.max(Date.now(), next)
    next = arrivedAfter(first, count)
    return first
  }
}

function resultOf(told: Notice, outcome: Outcome): Result {
  return { answer: answerTo([outcome]), ...noteOn(told, outcome) }
}
