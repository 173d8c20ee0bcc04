import type { Words } from './words'

export const words: Words = {
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
