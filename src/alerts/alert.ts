import type { CloudEvent } from '../callback/cloud-event'

export type Severity = 'error' | 'warning' | 'info'

export interface Fact {
  readonly label: string
  /** From outside: escape it for the channel's markup. */
  readonly value: string
}

/** One of several things of the same kind: a failed task, a failed run of a digest. */
export interface AlertItem {
  /** From outside: escape it for the channel's markup. */
  readonly title: string
  readonly facts: readonly Fact[]
}

/**
 * What a person needs in order to act, in their language, before any channel's markup. Plain data: an alert can be parked.
 */
export interface Alert {
  /** The same for every repeat of the alert. */
  readonly id: string
  readonly severity: Severity
  /** From outside in part: escape it for the channel's markup. */
  readonly title: string
  readonly facts: readonly Fact[]
  /** Heading of `items`: `Failed tasks`. */
  readonly itemsHeading: string
  readonly items: readonly AlertItem[]
  /** How many more there are than `items` lists; absent: none. */
  readonly unlisted?: number
  /** What stands for items left out to fit a channel's limit: `and {count} more tasks`. */
  readonly more: string
  /** Closing facts, shown however long the items are: the run id. */
  readonly footer: readonly Fact[]
  /** Names the same trouble across alerts (workflow and object), so that a later success can resolve it; null: nothing to resolve. */
  readonly incident: string | null
  /** The message of the execution or job; null when there is none, as for an unreadable body. */
  readonly event: CloudEvent | null
}

/** The alert as plain text, without its title. */
export function plainText(alert: Alert): string {
  const lines = alert.facts.map(factLine)
  if (alert.items.length > 0) {
    lines.push(headingLine(alert.itemsHeading))
    alert.items.forEach((item, index) => {
      lines.push(`  ${String(index + 1)}. ${item.title}`)
      lines.push(...item.facts.map((fact) => `     ${factLine(fact)}`))
    })
    if (alert.unlisted) lines.push(moreOf(alert, alert.unlisted))
  }
  lines.push(...alert.footer.map(factLine))
  return lines.join('\n')
}

/** The words for so many items that are left out. */
export function moreOf({ more }: Alert, count: number): string {
  return more.replaceAll('{count}', String(count))
}

/** `Label: value`, or in Chinese `标签：值`: the label tells the language. */
export function factLine({ label, value }: Fact): string {
  return /\p{Script=Han}/u.test(label) ? `${label}：${value}` : `${label}: ${value}`
}

/** A line that stands over others. */
export function headingLine(heading: string): string {
  return factLine({ label: heading, value: '' }).trimEnd()
}
