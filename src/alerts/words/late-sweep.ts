import type { Language } from './words'

/** What an alert says of a sweep that does not run. Beside the other words: those are part of what every callback loads, this is for hardly any. */
export interface LateSweepWords {
  readonly title: (duration: string) => string
  /** Of a store that was never swept. */
  readonly neverTitle: (duration: string) => string
  readonly last: string
  readonly inUseSince: string
  readonly meaning: string
  readonly whatItMeans: string
  readonly advice: string
  readonly over: string
  readonly lasted: string
}

export const LATE_SWEEP_WORDS: Readonly<Record<Language, LateSweepWords>> = {
  en: {
    title: (duration) => `No sweep has run for ${duration}: what waits is not delivered`,
    neverTitle: (duration) =>
      `No sweep has run yet, ${duration} after the first callback: what waits is not delivered`,
    last: 'Last sweep',
    inUseSince: 'Store in use since',
    meaning: 'What it means',
    whatItMeans:
      'Callbacks are still relayed. But a delivery that failed is not tried again, CI is not asked for callbacks that never came, and nobody is told of outages.',
    advice:
      'Look whether the timer of the sweep function is on, and whether its runs end in time: `npx serverless callback doctor`, then `npx serverless logs -f sweep`. ' +
      'On one server: look at cron, or run `npm start -- --sweep 60`.',
    over: 'The sweep runs again: what waits is delivered',
    lasted: 'It did not run for',
  },
  zh: {
    title: (duration) => `定时补投任务已停止 ${duration}，积压的消息无法投递`,
    neverTitle: (duration) => `首次回调已过 ${duration}，定时补投任务仍未运行，积压的消息无法投递`,
    last: '上次运行时间',
    inUseSince: '存储启用时间',
    meaning: '影响',
    whatItMeans:
      '新的回调仍会正常转发；但投递失败的消息不会重试，未收到的回调不会向数据万象补查，下游故障也不会告警。',
    advice:
      '请检查 sweep 函数的定时触发器是否已开启、每次运行能否按时结束：先运行 npx serverless callback doctor，再运行 npx serverless logs -f sweep 查看日志。' +
      '单机部署请检查 cron，或运行 npm start -- --sweep 60。',
    over: '定时补投任务已恢复运行，将继续投递积压的消息',
    lasted: '停止时长',
  },
}
