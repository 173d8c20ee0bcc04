import { nearestOf } from '../../../src/config/unknown-settings'
import type { Session } from '../session'
import { textOption } from '../serverless'

/** The function that `-f` names, as serverless.yml calls it. Throws with the names that there are. */
export function functionOption(session: Session, usual = ''): string {
  const key = textOption(session.options, 'function') ?? usual
  const names = Object.keys(session.serverless.service.functions)
  if (names.includes(key)) return key
  const near = nearestOf(key, names)
  const meant = near === null ? '' : ` Is ${near} meant?`
  throw new Error(
    `There is no function ${key || '(none was named)'}: -f takes ${names.join(' or ')}.${meant}`,
  )
}
