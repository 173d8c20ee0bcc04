import type { Log } from '../log'
import { unknownSettings } from './unknown-settings'

/** Names in the function's environment that are nearly a setting's, set in a console perhaps: said once an instance, for nothing else would. */
export function logUnknownSettings(names: readonly string[], log: Log): void {
  for (const { name, nearest } of unknownSettings(names))
    log('warn', 'there is no such setting', { setting: name, nearest })
}
