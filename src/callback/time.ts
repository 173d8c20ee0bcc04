/** `2020-12-01 11:00:41+0800`, `2022-07-18T15:16:43+0800` or `2022-08-09T14:54:17+08:00`, with or without a fraction, or with `Z`. */
const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:?\d\d)$/

/** A time of CI's as RFC 3339 with its own offset; a text in none of CI's formats stays as it is. */
export function toRfc3339(text: string): string {
  const match = TIME.exec(text)
  if (match === null) return text
  const [, date, clock, zone = 'Z'] = match
  const offset = zone === 'Z' || zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`
  return `${String(date)}T${String(clock)}${offset}`
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/

/** Whether a text is a moment in RFC 3339, as `toRfc3339` writes those that it knows. */
export function isRfc3339(text: string): boolean {
  return RFC3339.test(text) && !Number.isNaN(Date.parse(text))
}

/** The latest of some RFC 3339 times, as written; null when none of them is one. */
export function latest(times: readonly (string | null)[]): string | null {
  let last: string | null = null
  for (const time of times) {
    if (time === null || !isRfc3339(time)) continue
    if (last === null || Date.parse(time) > Date.parse(last)) last = time
  }
  return last
}
