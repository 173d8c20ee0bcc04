import type { Subject, WorkflowExecution } from '../callback/model'
import type { Deadline } from '../delivery/deadline'
import { DEADLINES } from './deadlines'
import { messageOf } from './ledger'
import type { RelayParts } from './parts'
import { bucketsToAsk } from './verify'

/**
 * A callback does not say why a task failed; CI does when asked. The execution with each task's code and message, or as it was
 * when CI cannot be asked or does not answer in time.
 */
export async function withReasons(parts: RelayParts, subject: Subject, deadline: Deadline): Promise<Subject> {
  const { readBack, log } = parts
  if (subject.kind === 'job' || readBack === null) return subject
  const { runId, tasks } = subject.execution
  const [bucket] = bucketsToAsk(parts, subject)
  if (bucket === undefined || tasks.some((task) => task.code !== null || task.message !== null))
    return subject
  const asking = deadline.within(Math.min(DEADLINES.reason, deadline.left - DEADLINES.alert))
  try {
    const told = await asking.hold(
      readBack.execution(bucket, runId, asking),
      () => new Error('CI gave no answer in time'),
    )
    return told === null ? subject : { kind: 'workflow', execution: merged(subject.execution, told) }
  } catch (error) {
    log('warn', 'CI could not be asked for the reason', { id: runId, error: messageOf(error) })
    return subject
  }
}

/** The callback's tasks with CI's code and message, matched by job and, where there was none, by node. */
function merged(execution: WorkflowExecution, told: WorkflowExecution): WorkflowExecution {
  return {
    ...execution,
    tasks: execution.tasks.map((task) => {
      const same = told.tasks.find(({ jobId, name }) =>
        task.jobId === null ? name === task.name : jobId === task.jobId,
      )
      return same === undefined ? task : { ...task, code: same.code, message: same.message }
    }),
  }
}
