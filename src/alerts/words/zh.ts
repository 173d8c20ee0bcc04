import type { Verdict } from '../../callback/notice'
import type { UnreadableCode } from '../../callback/unreadable-callback'
import type { Words } from './words'

const STATES: Readonly<Record<string, string>> = {
  Success: '成功',
  Failed: '失败',
  Cancel: '已取消',
  Pause: '已暂停',
  PartialSuccess: '部分成功',
  Submitted: '已提交',
  Running: '执行中',
  Auditing: '审核中',
}

const WORKFLOW: Readonly<Partial<Record<Verdict, string>>> = {
  failed: '工作流执行失败',
  partial: '工作流执行成功，但部分任务未成功',
}
const JOB: Readonly<Partial<Record<Verdict, string>>> = {
  failed: '任务执行失败',
  partial: '任务执行成功，但部分结果未成功',
}

const PROBLEMS: Readonly<Record<UnreadableCode, string>> = {
  empty: '回调内容为空',
  'bad-base64': '内容标为 Base64，但无法解码',
  'bad-utf8': '内容不是有效的 UTF-8 文本',
  'not-xml-or-json': '内容既不是 XML 也不是 JSON',
  'malformed-xml': 'XML 格式有误',
  'malformed-json': 'JSON 格式有误',
  doctype: 'XML 中含有 DOCTYPE，已拒绝解析',
  'too-deep': '嵌套层级过深',
  'too-many': '元素数量超出上限',
  'too-long': 'ID、状态或名称过长',
  'second-root': 'XML 中有多个根元素',
  'unknown-document': '无法识别的回调内容',
  'missing-field': '缺少必要字段',
  'wrong-type': '字段类型有误',
}

export const words: Words = {
  colon: '：',
  semicolon: '；',
  inBrackets: (text) => `（${text}）`,
  workflowTitle: (verdict, state) => WORKFLOW[verdict] ?? `工作流未正常完成（${state}）`,
  jobTitle: (verdict, state) => JOB[verdict] ?? `任务未正常完成（${state}）`,
  reviewTitle: {
    succeeded: '内容审核已结束',
    partial: '内容审核已结束',
    normal: '内容审核：正常',
    sensitive: '内容审核：发现违规内容',
    suspected: '内容审核：疑似违规，请人工复核',
    failed: '内容审核失败',
    unknown: '内容审核未正常完成',
    running: '内容审核进行中',
  },
  unknownEventTitle: '收到未知类型的事件',
  event: '事件',
  url: '地址',
  headers: '上传请求头',
  result: '审核结果',
  label: '命中标签',
  found: '命中明细',
  score: '分值',
  frozen: '冻结状态',
  frozenAs: (state) => ({ '0': '未冻结', '1': '已冻结', '2': '已转移' })[state] ?? state,
  dataId: '数据标识',
  workflow: '工作流',
  object: '文件',
  bucket: '存储桶',
  region: '地域',
  state: '状态',
  stateOf: (state) => (STATES[state] === undefined ? state : `${STATES[state]}（${state}）`),
  failedTasks: (failed, all) => `失败任务（${failed}/${all}）`,
  unsuccessfulTasks: (shown, all) => `未成功的任务（${shown}/${all}）`,
  moreTasks: '另有 {count} 个任务未列出',
  node: '节点',
  template: '模板',
  time: '时间',
  job: '任务 ID',
  jobType: '类型',
  reason: '原因',
  noReason: '未知（回调未说明，向数据万象查询也未得到原因）',
  notAsked: '未知（未配置运行角色，无法向数据万象查询）',
  noJobReason: '未知（回调未说明）',
  run: '实例 ID',
  unnamed: '（未命名）',
  notSet: '（回调未提供）',
  seconds: (seconds) => `耗时 ${seconds} 秒`,
  unreadableTitle: '收到无法解析的回调',
  unreadableKept: (id) =>
    `原始回调已隔离保存（编号 ${id}）。请运行 npm run outbox -- show ${id} 查看，再决定重新投递（redeliver）或丢弃（drop）。`,
  unreadableNotKept: '未配置存储，原始回调仅保留在函数日志中。',
  problem: '问题',
  problemOf: (code, message) => `${PROBLEMS[code]}${placeOf(message)}`,
  size: '大小',
  bytes: (count) => `${count} 字节`,
  seenInIt: '可辨认的内容',
  unchecked: '未经核实',
  whatToDo: '处理建议',
  deadTitle: (count) => `${count} 条消息未能送达，已转为死信`,
  deadAdvice: '请运行 npm run outbox -- list 查看，排除故障后重新投递（redeliver）或丢弃（drop）。',
  deadItems: '死信',
  refusedTitle: (count) => `${count} 条消息屡次被目标拒收`,
  refusedAdvice:
    '目标服务正常，但拒收以下内容：请按下列原因修正接收端或渠道设置。修正前将继续重试，其余消息不受影响。',
  outboxItems: '待投递的消息',
  content: '内容',
  sentTo: '发往',
  namedHere: '已列出',
  firstOf: (named, count) => `${count} 条中的前 ${named} 条`,
  unverifiedCallback: '一条未能向数据万象核实的回调',
  restOfBody: '一条包含多个任务的回调，其中部分任务尚未转发',
  uncheckedTitle: (count) => `${count} 条回调无法向数据万象核实`,
  uncheckedAdvice:
    '这些回调未被转发。若属于您：请授予函数查询该存储桶的权限，或在 RECONCILE 中填写存储桶与工作流。' +
    '若非您所发起，回调令牌可能已泄露：请更换 CALLBACK_TOKEN，并运行 npm run outbox -- drop ID 丢弃这些条目。',
  duration: (ms) => {
    const minutes = Math.round(ms / 60_000)
    return minutes < 120 ? `${minutes} 分钟` : `${Math.round(minutes / 60)} 小时`
  },
  runningTitle: (duration) => `工作流已执行 ${duration}，仍未结束`,
  runningAdvice: '请到数据万象控制台查看该次执行是否卡住；执行结束前不会收到回调。',
  outage: {
    queue: (scheme) => `下游队列（${scheme}）`,
    channel: (id) => `告警渠道（${id}）`,
    ci: '数据万象',
    title: (destination, duration) => `${destination}异常已持续 ${duration}`,
    over: (destination) => `${destination}已恢复，积压的消息均已送达`,
    since: '开始时间',
    waiting: '等待投递（条）',
    dead: '死信（条）',
    lasted: '持续时间',
    advice: (hours) =>
      `请尽快排除故障。恢复后将自动投递积压的消息，无需人工干预；单条消息重试满 ${hours} 小时仍未送达的，将转为死信，不再重试。`,
  },
  digestTitle: {
    workflows: (count, minutes) =>
      `最近 ${minutes} 分钟另有 ${count} 次工作流执行失败（因群机器人限流合并通知）`,
    jobs: (count, minutes) => `最近 ${minutes} 分钟另有 ${count} 个任务执行失败（因群机器人限流合并通知）`,
    alerts: (count, minutes) => `最近 ${minutes} 分钟另有 ${count} 条告警（因群机器人限流合并通知）`,
  },
  digestHeading: '明细',
  moreItems: '另有 {count} 条未列出',
}

/** Where a fault is; the parser's own words are English. */
function placeOf(message: string): string {
  const [, line, column] = /line (\d+), column (\d+)/.exec(message) ?? []
  if (line !== undefined && column !== undefined) return `（第 ${line} 行第 ${column} 列）`
  const [, unit, number] = /at (character|byte) (\d+)/.exec(message) ?? []
  if (unit !== undefined && number !== undefined)
    return unit === 'byte' ? `（第 ${number} 个字节处）` : `（第 ${number} 个字符处）`
  const [field] = /^(?:WorkflowExecution|JobsDetail)\S*( has no \w+)?/.exec(message) ?? []
  return field === undefined ? '' : `（${field.replace(' has no ', '.')}）`
}
