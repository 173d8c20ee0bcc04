import { DEADLINES } from '../deadlines'
import { Deadline } from '../net/deadline'

/** A store that hangs is a store that is down. */
export function timed<T>(step: () => Promise<T>, ms: number = DEADLINES.store): Promise<T> {
  return Deadline.in(ms).hold(step(), () => new Error('the store gave no answer within the time allowed'))
}
