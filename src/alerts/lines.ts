import { type AlertItem, type Fact, factLine, headingLine, type Severity } from './alert'
import type { FittedAlert } from './fit'

/** What tells severities apart at a glance, also in a push notification. */
export const MARK: Readonly<Record<Severity, string>> = { error: '🔴', warning: '🟠', info: '🔵' }

export function factLines(facts: readonly Fact[]): string[] {
  return facts.map(factLine)
}

/** An item as `1. Title`, its facts below it. */
export function itemLines(item: AlertItem, index: number): string[] {
  return [`${String(index + 1)}. ${item.title}`, ...factLines(item.facts).map((line) => `    ${line}`)]
}

/** A fitted alert as plain text without its title. */
export function textOf(alert: FittedAlert): string {
  const items = alert.items.flatMap(itemLines)
  return [
    ...factLines(alert.facts),
    ...(alert.items.length > 0 ? [headingLine(alert.itemsHeading), ...items] : []),
    ...(alert.more === null ? [] : [alert.more]),
    ...factLines(alert.footer),
  ].join('\n')
}
