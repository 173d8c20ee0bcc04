import type { Severity } from '../alerts/alert'
import type { Subject } from '../callback/model'

/** What an execution or a job is owed. */
export interface Route {
  readonly message: boolean
  readonly alert: Exclude<Severity, 'info'> | null
}

/** Not over yet: nothing is owed. Every other word but `Success` and `Failed` is final and worth a person's look. */
const GOING_ON = new Set(['Submitted', 'Running'])

export function isGoingOn(state: string): boolean {
  return GOING_ON.has(state)
}

/** The design's table, as a pure function; null when nothing is owed. An unknown State is never a success. */
export function routeOf(subject: Subject): Route | null {
  const { state } = subject.kind === 'workflow' ? subject.execution : subject.job
  if (isGoingOn(state)) return null
  switch (state) {
    case 'Success':
      return { message: true, alert: hasFailedTask(subject) ? 'warning' : null }
    case 'Failed':
      return { message: false, alert: 'error' }
    default:
      return { message: false, alert: 'warning' }
  }
}

/** CI's own documents show an execution that is Success with a task that is Failed. */
function hasFailedTask(subject: Subject): boolean {
  return subject.kind === 'workflow' && subject.execution.tasks.some((task) => task.state === 'Failed')
}
