import { type Alert, type AlertItem, type Fact, moreOf, type Severity } from './alert'

/** An alert made to fit a channel: every text one printable line, long ones cut, items that did not fit counted in `more`. */
export interface FittedAlert {
  readonly severity: Severity
  readonly title: string
  readonly facts: readonly Fact[]
  readonly itemsHeading: string
  readonly items: readonly AlertItem[]
  /** `and 37 more tasks`; null when every item is there. */
  readonly more: string | null
  readonly footer: readonly Fact[]
}

/** Longest texts in UTF-16 units: of the title, facts and footer, and of the items. */
interface Lengths {
  readonly head: number
  readonly item: number
}

const LENGTHS: readonly Lengths[] = [
  { head: 1000, item: 1000 },
  { head: 1000, item: 400 },
  { head: 1000, item: 160 },
  { head: 400, item: 160 },
  { head: 200, item: 80 },
  { head: 100, item: 40 },
  { head: 50, item: 20 },
  { head: 20, item: 8 },
  { head: 8, item: 4 },
]
const SHORTEST_READABLE_ITEM = 160
const WORTH_SHOWING = 3
const FEW_ITEMS = 16
const LONGEST_TITLE = 300
const LONGEST_LABEL = 60

/** An alert as a channel shows it, and the message made of that. */
export interface Fitted<Message> {
  readonly shown: FittedAlert
  readonly message: Message
}

/** `fitMessage` for an alert that is looked at as it is. */
export function fitAlert(alert: Alert, fits: (candidate: FittedAlert) => boolean): FittedAlert {
  return fitMessage(alert, (candidate) => candidate, fits).shown
}

/**
 * How many items seem to be left out while it is tried what fits: as many as take the most room to say. So whether some items fit depends on them alone, and
 * what fits of a digest fits by itself.
 */
const MOST_LEFT = 99_999

/**
 * The most of an alert that `fits` when it is rendered: long texts are shortened before items are left out, and items are left out before a reason
 * becomes too short to read. The title, the facts and the footer always stay. `fits` must not grow truer with more text.
 */
export function fitMessage<Message>(
  alert: Alert,
  render: (candidate: FittedAlert) => Message,
  fits: (message: Message) => boolean,
): Fitted<Message> {
  const rendered = (lengths: Lengths, count: number, left: number): Fitted<Message> => {
    const shown = shorten(alert, lengths, count, left)
    return { shown, message: render(shown) }
  }
  const leftOf = (count: number): number => alert.items.length + (alert.unlisted ?? 0) - count
  let best: { readonly lengths: Lengths; readonly fitted: Fitted<Message> } | null = null
  for (const lengths of LENGTHS) {
    const fitted = mostItems(alert.items.length, (count) => {
      const candidate = rendered(lengths, count, leftOf(count) === 0 ? 0 : MOST_LEFT)
      return fits(candidate.message) ? candidate : null
    })
    if (fitted === null) continue
    const count = fitted.shown.items.length
    if (best === null || count > best.fitted.shown.items.length) best = { lengths, fitted }
    if (count === alert.items.length || (count >= WORTH_SHOWING && lengths.item <= SHORTEST_READABLE_ITEM))
      break
  }
  const count = best?.fitted.shown.items.length ?? 0
  if (best !== null && leftOf(count) === 0) return best.fitted
  return rendered(best?.lengths ?? LENGTHS.at(-1) ?? { head: 8, item: 4 }, count, leftOf(count))
}

/**
 * What comes of the largest count that fits, null when not even 0 does. Few items are tried together first: most alerts fit as they are. Else it
 * doubles: an alert may hold thousands of items, a message a few.
 */
function mostItems<Found>(all: number, tried: (count: number) => Found | null): Found | null {
  const whole = all <= FEW_ITEMS ? tried(all) : null
  if (whole !== null || all === 0) return whole
  let best = tried(0)
  if (best === null) return null
  let low = 0
  let high = 1
  let found: Found | null
  while (high <= all && (found = tried(high)) !== null) {
    best = found
    low = high
    high *= 2
  }
  high = Math.min(high, all + 1)
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    found = tried(middle)
    if (found === null) high = middle
    else {
      best = found
      low = middle
    }
  }
  return best
}

function shorten(alert: Alert, lengths: Lengths, count: number, left: number): FittedAlert {
  return {
    severity: alert.severity,
    title: cut(alert.title, Math.min(lengths.head, LONGEST_TITLE)),
    facts: shortFacts(alert.facts, lengths.head),
    itemsHeading: cut(alert.itemsHeading, LONGEST_LABEL),
    items: alert.items.slice(0, count).map((item) => ({
      title: cut(item.title, lengths.item),
      facts: shortFacts(item.facts, lengths.item),
    })),
    more: left === 0 ? null : cut(moreOf(alert, left), LONGEST_TITLE),
    footer: shortFacts(alert.footer, lengths.head),
  }
}

function shortFacts(facts: readonly Fact[], longest: number): Fact[] {
  return facts.map(({ label, value }) => ({ label: cut(label, LONGEST_LABEL), value: cut(value, longest) }))
}

/** A text as one printable line of at most `longest` UTF-16 units, cut between characters with `…`; `-` when nothing is left. */
export function cut(text: string, longest: number): string {
  const line = oneLine(text.slice(0, longest * 4 + 64))
  if (line === '') return '-'
  if (line.length <= longest) return line
  const end = /[\ud800-\udbff]$/.test(line.slice(0, longest - 1)) ? longest - 2 : longest - 1
  return `${line.slice(0, end).trimEnd()}…`
}

/**
 * A text from outside without what could break out of its line or reorder it: line breaks, control characters (a terminal obeys
 * them), marks that turn the direction of writing; halves of surrogate pairs, which are no UTF-8, become U+FFFD.
 */
export function oneLine(text: string): string {
  return text
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ')
    .trim()
}

export function bytesOf(text: string): number {
  return Buffer.byteLength(text, 'utf8')
}
