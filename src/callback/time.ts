import { inOnePiece } from './in-one-piece'

const DATE = String.raw`\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])`
const HOUR = String.raw`(?:[01]\d|2[0-3])`
const CLOCK = String.raw`${HOUR}:[0-5]\d:[0-5]\d(?:\.\d{1,9})?`

/** `2020-12-01 11:00:41+0800`, `2022-07-18T15:16:43+0800` or `2022-08-09T14:54:17+08:00`, with or without a fraction, or with `Z`. */
const TIME = new RegExp(`^(${DATE})[T ](${CLOCK})(Z|[+-]${HOUR}:?[0-5]\\d)$`)

/** A time of CI's as RFC 3339 with its own offset; a text in none of CI's formats, or of a day that no calendar has, stays as it is. */
export function toRfc3339(text: string): string {
  const match = TIME.exec(text)
  if (match === null || !isInCalendar(text)) return text
  const [, date, clock, zone = 'Z'] = match
  const offset = zone === 'Z' || zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`
  return inOnePiece(`${String(date)}T${String(clock)}${offset}`)
}

const RFC3339 = new RegExp(`^${DATE}T${CLOCK}(?:Z|[+-]${HOUR}:[0-5]\\d)$`)

/** Whether a text is a moment in RFC 3339, as `toRfc3339` writes those that it knows. */
export function isRfc3339(text: string): boolean {
  return RFC3339.test(text) && isInCalendar(text)
}

/** Whether the month has the day; every month has 28. `Date` takes 30 February for 2 March. */
function isInCalendar(text: string): boolean {
  if (text.slice(8, 10) < '29') return true
  const date = text.slice(0, 10)
  return new Date(`${date}T00:00:00Z`).toISOString().startsWith(date)
}

/** A text that is such a moment; null: it is none. */
export function momentOrNull(text: string | null): string | null {
  return text !== null && isRfc3339(text) ? text : null
}

/** The latest of some RFC 3339 times, as written; null when none of them is one. */
export function latest(times: readonly (string | null)[]): string | null {
  let last: string | null = null
  let lastMs = -Infinity
  for (const time of times) {
    if (time === null || !isRfc3339(time)) continue
    const ms = Date.parse(time)
    if (ms > lastMs) [last, lastMs] = [time, ms]
  }
  return last
}
