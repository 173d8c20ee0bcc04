import type { ListedExecution } from '../../src/callback/read-back'
import type { ReconcileParts } from '../../src/sweep/reconcile'
import type { Executions } from '../../src/tencent/executions'
import { type WorkflowNotice, workflowNotice } from './executions'

export const TARGET = { bucket: 'media-1250000000', workflowId: 'w1' }

export interface ListedRun {
  readonly runId: string
  createdAt: number | null
  state: string
  /** What the read-back says, if something else. */
  told?: string | null
  object?: string
}

/** CI as the sweep sees it: a list in pages, oldest first, and a read-back. It is strict about what it is asked. */
export class ListedCi implements ReconcileParts {
  readonly targets = [TARGET]
  pageSize = 3
  /** What a read-back waits for. */
  answer: (runId: string) => Promise<void> = async () => Promise.resolve()
  /** Read-backs at once: now, and at most. */
  underWay = 0
  mostUnderWay = 0
  readonly runs: ListedRun[] = []
  readonly queries: Parameters<Executions['page']>[0][] = []
  readonly executions = {
    page: async (...call: Parameters<Executions['page']>) => this.list(...call),
    execution: async (bucket: string, runId: string) => this.readBack(bucket, runId),
    job: async () => Promise.resolve(null),
  }
  readonly readBacks: string[] = []
  listFailures: unknown[] = []
  readBackFailures: unknown[] = []

  end(runId: string, createdAt: number | null, state = 'Success', told?: string | null): ListedRun {
    const run: ListedRun = { runId, createdAt, state, ...(told !== undefined && { told }) }
    this.runs.push(run)
    return run
  }

  readonly list: Executions['page'] = async (query, deadline) => {
    expect(deadline.isOver).toBe(false)
    expect(query.from).toBeLessThan(query.to)
    this.queries.push(query)
    await Promise.resolve()
    if (this.listFailures.length > 0) throw this.listFailures.shift()
    const found = this.runs
      .filter(({ createdAt }) => createdAt === null || (createdAt >= query.from && createdAt <= query.to))
      .sort((a, b) => Number(a.createdAt) - Number(b.createdAt))
    const start = query.nextToken === null ? 0 : Number(/^page-(\d+)$/.exec(query.nextToken)?.[1])
    expect(start).not.toBeNaN()
    const executions = found
      .slice(start, start + this.pageSize)
      .map(({ runId, state, createdAt }): ListedExecution => ({
        runId,
        state,
        createdAt: createdAt === null ? null : new Date(createdAt).toISOString(),
        object: this.runs.find((one) => one.runId === runId)?.object ?? null,
      }))
    return {
      executions,
      nextToken: start + this.pageSize < found.length ? `page-${start + this.pageSize}` : null,
    }
  }

  readonly readBack = async (bucket: string, runId: string): Promise<WorkflowNotice | null> => {
    expect(bucket).toBe(TARGET.bucket)
    this.readBacks.push(runId)
    this.underWay += 1
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay)
    await this.answer(runId).finally(() => (this.underWay -= 1))
    if (this.readBackFailures.length > 0) throw this.readBackFailures.shift()
    const run = this.runs.find((one) => one.runId === runId)
    const state = run?.told === undefined ? run?.state : run.told
    return state == null ? null : workflowNotice({ runId, state, object: run?.object ?? `${runId}.mp4` })
  }
}
