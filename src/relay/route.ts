import type { Severity } from '../alerts/alert'
import type { Verdict } from '../callback/notice'

/** What a notice is owed. */
export interface Route {
  readonly message: boolean
  readonly alert: Exclude<Severity, 'info'> | null
}

/** The design's table of verdicts. */
const ROUTES: Readonly<Record<Verdict, Route | null>> = {
  succeeded: { message: true, alert: null },
  partial: { message: true, alert: 'warning' },
  failed: { message: false, alert: 'error' },
  normal: { message: true, alert: null },
  sensitive: { message: true, alert: 'warning' },
  suspected: { message: true, alert: 'warning' },
  unknown: { message: false, alert: 'warning' },
  running: null,
}

/** Null when nothing is owed. */
export function routeOf({ verdict }: { readonly verdict: Verdict }): Route | null {
  return ROUTES[verdict]
}
