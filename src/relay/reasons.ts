import type { WorkflowExecution } from '../callback/model'
import type { Notice } from '../callback/notice'
import { isErrorCode } from '../callback/verdict'
import type { Deadline } from '../net/deadline'
import { bucketsToAsk } from './buckets-to-ask'
import { DEADLINES } from '../deadlines'
import { messageOf } from '../log'
import type { Services } from '../services'

/**
 * A callback does not say why a task failed; CI does when asked. The execution with each task's code and message, or as it was
 * when CI cannot be asked or does not answer in time.
 */
export async function withReasons(services: Services, notice: Notice, deadline: Deadline): Promise<Notice> {
  const { readBack, log } = services
  if (notice.kind !== 'workflow' || readBack === null) return notice
  const { runId, tasks } = notice.data
  const [bucket] = bucketsToAsk(services, notice)
  if (bucket === undefined || tasks.some(isExplained)) return notice
  const asking = deadline.within(Math.min(DEADLINES.reason, deadline.left - DEADLINES.alert))
  try {
    const told = await asking.hold(
      readBack.execution(bucket, runId, asking),
      () => new Error('CI gave no answer in time'),
    )
    return told === null ? notice : { ...notice, data: merged(notice.data, told.data) }
  } catch (error) {
    log('warn', 'CI could not be asked for the reason', { id: runId, error: messageOf(error) })
    return notice
  }
}

/** A callback may say why in its ResultInfo. */
function isExplained({ code, message, outputs }: WorkflowExecution['tasks'][number]): boolean {
  return [...outputs, { code, message }].some(
    (one) => isErrorCode(one.code) || (one.code !== null && one.message !== null),
  )
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
