import type { Severity } from '../alerts/alert'

export type Language = 'en' | 'zh'

/** Every word of an alert that is not CI's own, by language. */
export interface Words {
  readonly colon: string
  readonly workflowTitle: Readonly<Record<Exclude<Severity, 'info'>, string>>
  readonly succeededWithFailedTasks: string
  readonly jobTitle: Readonly<Record<Exclude<Severity, 'info'>, string>>
  readonly workflow: string
  readonly object: string
  readonly bucket: string
  readonly region: string
  readonly state: string
  readonly failedTasks: (failed: number, all: number) => string
  /** Those that neither failed nor succeeded, of an execution without a failed one. */
  readonly unsuccessfulTasks: (shown: number, all: number) => string
  readonly moreTasks: string
  readonly node: string
  readonly template: string
  readonly time: string
  readonly job: string
  readonly jobType: string
  readonly reason: string
  readonly noReason: string
  readonly noJobReason: string
  readonly run: string
  readonly unnamed: string
  readonly notSet: string
  readonly seconds: (seconds: number) => string
  readonly unreadableTitle: string
  readonly unreadableKept: (id: string) => string
  readonly unreadableNotKept: string
  readonly problem: string
  readonly receivedBytes: string
  readonly whatToDo: string
  readonly deadTitle: (count: number) => string
  readonly deadAdvice: string
  readonly refusedTitle: (count: number) => string
  readonly refusedAdvice: string
  readonly outboxItems: string
  readonly content: string
  readonly unverifiedCallback: string
  readonly uncheckedTitle: (count: number) => string
  readonly uncheckedAdvice: string
  /** Of two or more. */
  readonly digestTitle: Readonly<
    Record<'workflows' | 'jobs' | 'alerts', (count: number, minutes: number) => string>
  >
  readonly digestHeading: string
  readonly moreItems: string
}

const en: Words = {
  colon: ': ',
  workflowTitle: { error: 'Workflow failed', warning: 'Workflow ended unusually' },
  succeededWithFailedTasks: 'Workflow succeeded with failed tasks',
  jobTitle: { error: 'Job failed', warning: 'Job ended unusually' },
  workflow: 'Workflow',
  object: 'Object',
  bucket: 'Bucket',
  region: 'Region',
  state: 'State',
  failedTasks: (failed, all) => `Failed tasks (${failed} of ${all})`,
  unsuccessfulTasks: (shown, all) => `Tasks that did not succeed (${shown} of ${all})`,
  moreTasks: 'and {count} more tasks',
  node: 'Node',
  template: 'Template',
  time: 'Time',
  job: 'Job',
  jobType: 'Type',
  reason: 'Reason',
  noReason: 'unknown: callbacks do not say why, and CI did not tell',
  noJobReason: 'unknown: the callback does not say',
  run: 'Run',
  unnamed: '(unnamed)',
  notSet: '(not sent)',
  seconds: (seconds) => `${seconds} s`,
  unreadableTitle: 'A callback could not be read',
  unreadableKept: (id) =>
    `The body is kept as item ${id} of the outbox: look at it, then redeliver or drop it.`,
  unreadableNotKept: 'There is no store to keep the body in; the function\u2019s log has it.',
  problem: 'Problem',
  receivedBytes: 'Size in bytes',
  whatToDo: 'What to do',
  deadTitle: (count) => `${count} ${count === 1 ? 'delivery was' : 'deliveries were'} given up`,
  deadAdvice: 'Look at them with `npm run outbox -- list`, mend the cause, then redeliver or drop them.',
  refusedTitle: (count) =>
    `${count} ${count === 1 ? 'delivery is' : 'deliveries are'} refused again and again`,
  refusedAdvice:
    'The destination works, but does not take these: see why below, and mend the receiver or the channel\u2019s settings. They are tried again until then; all others go on.',
  outboxItems: 'Outbox items',
  content: 'Content',
  unverifiedCallback: 'a callback that CI could not be asked about',
  uncheckedTitle: (count) => `${count} ${count === 1 ? 'callback' : 'callbacks'} cannot be checked with CI`,
  uncheckedAdvice:
    'Nothing was relayed. If they are yours: give the function the right to ask CI about the bucket, or name bucket and workflow in RECONCILE. ' +
    'If you do not know them, the token may have leaked: change CALLBACK_TOKEN, and drop them with `npm run outbox -- drop ID`.',
  digestTitle: {
    workflows: (count, minutes) => `${count} workflows failed in the last ${minutesInEnglish(minutes)}`,
    jobs: (count, minutes) => `${count} jobs failed in the last ${minutesInEnglish(minutes)}`,
    alerts: (count, minutes) => `${count} alerts in the last ${minutesInEnglish(minutes)}`,
  },
  digestHeading: 'One by one',
  moreItems: 'and {count} more',
}

function minutesInEnglish(minutes: number): string {
  return minutes === 1 ? 'minute' : `${minutes} minutes`
}

const zh: Words = {
  colon: '：',
  workflowTitle: { error: '工作流执行失败', warning: '工作流异常结束' },
  succeededWithFailedTasks: '工作流执行成功，但有任务失败',
  jobTitle: { error: '任务执行失败', warning: '任务异常结束' },
  workflow: '工作流',
  object: '文件',
  bucket: '存储桶',
  region: '地域',
  state: '状态',
  failedTasks: (failed, all) => `失败任务（${failed}/${all}）`,
  unsuccessfulTasks: (shown, all) => `未成功的任务（${shown}/${all}）`,
  moreTasks: '另有 {count} 个任务未列出',
  node: '节点',
  template: '模板',
  time: '时间',
  job: '任务 ID',
  jobType: '类型',
  reason: '原因',
  noReason: '未知（回调不含失败原因，且未能从数据万象查询到）',
  noJobReason: '未知（回调未说明）',
  run: '执行 ID',
  unnamed: '（未命名）',
  notSet: '（回调未提供）',
  seconds: (seconds) => `耗时 ${seconds} 秒`,
  unreadableTitle: '收到无法解析的回调',
  unreadableKept: (id) => `原始内容已存入待投递列表，条目 ${id}；请查看后重新投递或删除。`,
  unreadableNotKept: '未配置存储，原始内容仅保留在函数日志中。',
  problem: '问题',
  receivedBytes: '字节数',
  whatToDo: '处理建议',
  deadTitle: (count) => `${count} 条投递多次失败，已放弃`,
  deadAdvice: '用 npm run outbox -- list 查看，排除故障后重新投递或删除。',
  refusedTitle: (count) => `${count} 条投递屡被目标拒收`,
  refusedAdvice:
    '目标服务正常，但拒收以下内容：请按下列原因修正接收端或渠道设置。修正前将继续重试，其余投递不受影响。',
  outboxItems: '待投递条目',
  content: '内容',
  unverifiedCallback: '一条未能向数据万象核实的回调',
  uncheckedTitle: (count) => `${count} 条回调无法向数据万象核实`,
  uncheckedAdvice:
    '这些回调未被转发。若属于您：请授予函数查询该存储桶的权限，或在 RECONCILE 中填写存储桶与工作流。' +
    '若非您所发起，回调令牌可能已泄露：请更换 CALLBACK_TOKEN，并用 npm run outbox -- drop ID 删除这些条目。',
  digestTitle: {
    workflows: (count, minutes) => `最近 ${minutes} 分钟内有 ${count} 个工作流执行失败`,
    jobs: (count, minutes) => `最近 ${minutes} 分钟内有 ${count} 个任务执行失败`,
    alerts: (count, minutes) => `最近 ${minutes} 分钟内共 ${count} 条告警`,
  },
  digestHeading: '明细',
  moreItems: '另有 {count} 条未列出',
}

export const WORDS: Readonly<Record<Language, Words>> = { en, zh }
