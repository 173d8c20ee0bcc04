import type { Severity } from '../alerts/alert'
import type { Verdict } from '../callback/notice'

/** What a notice is owed. */
export interface Owed {
  readonly message: boolean
  readonly alert: Exclude<Severity, 'info'> | null
}

/** The design's table of verdicts. */
const ROUTES: Readonly<Record<Verdict, Owed | null>> = {
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
export function owedFor({ verdict }: { readonly verdict: Verdict }): Owed | null {
  return ROUTES[verdict]
}
