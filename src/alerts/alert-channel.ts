import type { Deadline } from '../net/deadline'
import type { Driver, TargetFacts } from '../drivers/driver'
import type { Alert } from './alert'

/** Where failures go: one channel of the team's. */
export interface AlertChannel extends TargetFacts {
  /** Told only when no other channel took the alert. */
  readonly isFallback: boolean
  /** Messages that the channel takes in any `perMs` milliseconds; null: as many as one likes. */
  readonly limit: { readonly messages: number; readonly perMs: number } | null
  /** Resolves once the channel has said, in its own words, that it took the alert; else throws a PeerError. Settles by the deadline. */
  send(alert: Alert, deadline: Deadline): Promise<void>
  /** How many of the alert's items the channel's limit leaves room for. Absent: all. */
  shown?(alert: Alert): number
  /** Ends the incident that alerts with this `incident` opened (PagerDuty, Alertmanager). Absent: the channel knows no incidents. */
  resolve?(incident: string, deadline: Deadline): Promise<void>
  close?(): void
}

export type AlertDriver = Driver<AlertChannel>
