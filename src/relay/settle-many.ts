import { endOf, keyOf, type Notice } from '../callback/notice'
import type { Notices } from '../callback/notices'
import type { GatewayRequest } from '../gateway/request'
import { timedStore } from '../stores/timed-store'
import type { Answer } from '../gateway/answer'
import { lastMoment } from '../deadlines'
import { fewAtOnce } from './few-at-once'
import { messageOf } from '../log'
import { noteOn } from './note-on'
import { answerTo, lostRest, type Outcome, parkedRest, type Rest } from './outcome'
import type { Services } from '../services'
import { parkRest } from './rest'
import { arrivedAfter, type CallbackContext } from './callback-context'
import type { KeepUnknown, settleTold } from './settle-told'
import { turns } from './turns'
import type { Unasked } from './verify'

/** What the relay has, and this file, which is loaded when it is needed, has not. */
export interface Settling {
  readonly settle: typeof settleTold
  readonly keepUnknown: KeepUnknown
}

type End = ReturnType<typeof endOf>
/** CI could not be asked about it. `unasked` is null of those that are too many to be parked by name. */
type Waits = End & { readonly outcome: 'unasked'; readonly unasked: Unasked | null }
/** What became of one notice; of the last two, nothing yet. */
type Result = Outcome | (End & { readonly outcome: 'late' }) | Waits

/** So many of a body's notices are noted in the log. */
const NOTED = 100
/** Where CI could not be asked about more than so many, the whole body is parked rather than each of them named. */
const MOST_NAMED = 1_000

/**
 * Settles the notices of one body, each once, a few at a time, what is about one piece of work in the order of the body. When not all of them can be
 * settled by the deadline, the body is parked as one item for the rest, and the answer is one object.
 */
export async function settleMany(
  services: Services,
  notices: Notices,
  request: GatewayRequest,
  context: CallbackContext,
  { settle, keepUnknown }: Settling,
): Promise<{ readonly answer: Answer } & Readonly<Record<string, unknown>>> {
  const end = lastMoment(context.deadline)
  // Each of them would have the store's whole patience, and they come to more than the callback has.
  const cut =
    services.store === null ? services : { ...services, store: timedStore(services.store, () => end.left) }
  const verification =
    services.readBack === null && services.verify === 'off' ? null : await import('./verify')
  const isRepeat = repeats()
  const inTurn = turns()
  /** Of the first ones, as they were told. */
  const noted: Notice[] = []
  let begun = 0
  let unasked = 0
  let why: unknown = new Error('no time was left for all of it')
  let parking: Promise<boolean> | null = null
  const park = async (): Promise<boolean> =>
    (parking ??= parkRest(services, request, context, messageOf(why), end))

  // An element that holds nothing is no notice, but has its place.
  const results = await fewAtOnce(inTime(), async (notice, index) => notice && settleOne(notice, index))
  const isUnfinished =
    begun < notices.length || unasked > MOST_NAMED || results.some((one) => one?.outcome === 'late')
  if (isUnfinished) {
    const isParked = await park()
    const left = leftOf(results)
    if (isParked) {
      services.log('warn', 'a body was not finished in time: the rest of it is parked', { ...left })
      return { answer: parkedRest(left), outcome: 'parked', ...left, ...notesOn(finalOf(results, 'parked')) }
    }
    if ((notices.atHand ?? notices.length) < notices.length)
      return {
        answer: lostRest(left),
        outcome: 'undelivered',
        ...left,
        ...notesOn(finalOf(results, 'undelivered')),
      }
  }
  const parked = isUnfinished ? null : await parkUnasked(results)
  const outcomes = [...finalOf(results, 'undelivered', parked), ...lost()]
  return { answer: answerTo(outcomes.filter((one) => one !== undefined)), ...notesOn(outcomes) }

  /** For as long as there is time. When it is over the rest is parked at once, while those under way come to their end. */
  function* inTime(): Generator<Notice | undefined> {
    for (; begun < notices.length; begun += 1) {
      if (context.deadline.isOver) {
        void park()
        return
      }
      yield notices.at(begun)
    }
  }

  async function settleOne(notice: Notice, index: number): Promise<Result> {
    const own = { ...context, arrivedAt: arrivedAfter(context.arrivedAt, index) }
    // Asked about at once, but settled in turn.
    const asking = wordOn(notice)
    return inTurn(notice.work, async () => {
      const told = await asking
      if (index < NOTED) noted[index] = 'kind' in told ? told : notice
      return settleAsTold(told, own)
    })
  }

  async function wordOn(notice: Notice): Promise<Notice | Outcome | Unasked> {
    if (verification === null) return notice
    const told =
      services.verify === 'off'
        ? notice
        : await context.stopwatch.time('verify', async () => verification.asked(cut, notice, context))
    return ('kind' in told ? verification.askedAgain(services, told) : null) ?? told
  }

  async function settleAsTold(told: Notice | Outcome | Unasked, own: CallbackContext): Promise<Result> {
    if ('error' in told) {
      unasked += 1
      if (unasked === 1) why = told.error
      return { outcome: 'unasked', unasked: unasked > MOST_NAMED ? null : told, ...endOf(told.notice) }
    }
    if ('outcome' in told) return told
    if (isRepeat(told)) return { outcome: 'duplicate', ...endOf(told) }
    if (context.deadline.isOver) return { outcome: 'late', ...endOf(told) }
    return settle(cut, told, own, keepUnknown)
  }

  /** What waits in the outbox, or is lost, when not all could be settled. */
  function leftOf(results: Results): Rest {
    const left = results.filter((one) => one !== undefined && !isSettled(one))
    let next = begun
    while (left.length === 0 && next < notices.length && notices.at(next) === undefined) next += 1
    return {
      id: left[0]?.id ?? notices.at(next)?.id ?? '',
      rest: left.length + notices.length - begun,
    }
  }

  /** Those of them that were parked. */
  async function parkUnasked(results: Results): Promise<ReadonlySet<Unasked>> {
    const all = results.flatMap((one) =>
      one?.outcome === 'unasked' && one.unasked !== null ? [one.unasked] : [],
    )
    if (verification === null || all.length === 0) return new Set()
    return context.stopwatch.time('verify', async () =>
      verification.parkUnasked(cut, all, all.length === notices.length, request, context),
    )
  }

  /** Those that were not begun, of a body that is not parked. */
  function lost(): readonly (Outcome | undefined)[] {
    return Array.from({ length: notices.length - begun }, (_, index) => {
      const notice = notices.at(begun + index)
      if (notice !== undefined && begun + index < NOTED) noted[begun + index] = notice
      return notice && { outcome: 'undelivered', ...endOf(notice) }
    })
  }

  function notesOn(outcomes: readonly (Outcome | undefined)[]): Readonly<Record<string, unknown>> {
    const notes = outcomes.slice(0, NOTED).flatMap((outcome, index) => {
      const notice = noted[index]
      return outcome === undefined || notice === undefined ? [] : [noteOn(notice, outcome)]
    })
    const more = outcomes.length - NOTED
    return { outcomes: notes, ...(more > 0 && { more }) }
  }
}

type Results = readonly (Result | undefined)[]

/** `unfinished`: what becomes of those that are not settled, but for those `parked` by name. */
function finalOf(
  results: Results,
  unfinished: 'parked' | 'undelivered',
  parked: ReadonlySet<Unasked> | null = null,
): readonly (Outcome | undefined)[] {
  return results.map((one) => {
    if (one === undefined || (one.outcome !== 'late' && one.outcome !== 'unasked')) return one
    const { id, state } = one
    const isParked = one.outcome === 'unasked' && one.unasked !== null && parked?.has(one.unasked) === true
    return { outcome: isParked ? 'parked' : unfinished, id, state }
  })
}

/** Whether nobody has to come back to it. */
function isSettled({ outcome }: Result): boolean {
  return !['late', 'unasked', 'held', 'undelivered'].includes(outcome)
}

/** Whether the same end came before in one body: the first one settles it. */
function repeats(): (notice: Notice) => boolean {
  const seen = new Set<string>()
  return (notice) => {
    const before = seen.size
    return seen.add(keyOf(notice)).size === before
  }
}
