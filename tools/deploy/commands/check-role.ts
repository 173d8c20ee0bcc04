import type { Target } from './targets'
import type { Variables } from '../variables'

/** What needs a role, each in a word or two: without one, nothing can be signed. */
export function whatNeedsRole(variables: Variables, targets: readonly Target[]): readonly string[] {
  return [
    variables['VERIFY'] === 'read-back' ? 'VERIFY=read-back' : '',
    variables['RECONCILE'] ? 'RECONCILE' : '',
    ...targets
      .filter(({ needs }) => needs.length > 0)
      .map(({ variable, scheme }) => `${variable} (${scheme}:)`),
  ].filter(Boolean)
}
