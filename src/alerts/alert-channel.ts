import type { DriverContext } from '../delivery/driver-context'
import type { Alert } from './alert'

/** Where failures go: one channel of the team's. */
export interface AlertChannel {
  /** The URL's scheme, as shown to people: `wecom`. */
  readonly scheme: string
  /** Messages that the channel takes in any `perMs` milliseconds; null: as many as one likes. */
  readonly limit: { readonly messages: number; readonly perMs: number } | null
  /** Resolves once the channel has said, in its own words, that it took the alert; else throws a DeliveryError. Must stop early when `signal` aborts. */
  send(alert: Alert, signal: AbortSignal): Promise<void>
  /** How many of the alert's items the channel's limit leaves room for. Absent: all. */
  shown?(alert: Alert): number
  /** Ends the incident that alerts with this `incident` opened (PagerDuty, Alertmanager). Absent: the channel knows no incidents. */
  resolve?(incident: string, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Opens a driver without touching the network. Throws an Error that says what is wrong with the URL, never the URL itself. */
export type OpenAlertChannel = (url: string, context: DriverContext) => AlertChannel
