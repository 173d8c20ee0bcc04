import type { Verdict } from '../../callback/notice'
import type { Words } from './words'

const WORKFLOW: Readonly<Partial<Record<Verdict, string>>> = {
  failed: 'Workflow failed',
  partial: 'Workflow succeeded in part',
}
const JOB: Readonly<Partial<Record<Verdict, string>>> = {
  failed: 'Job failed',
  partial: 'Job succeeded in part',
}

export const words: Words = {
  colon: ': ',
  semicolon: '; ',
  inBrackets: (text) => ` (${text})`,
  workflowTitle: (verdict, state) => WORKFLOW[verdict] ?? `Workflow did not run to its end (${state})`,
  jobTitle: (verdict, state) => JOB[verdict] ?? `Job did not run to its end (${state})`,
  reviewTitle: {
    succeeded: 'Review ended',
    partial: 'Review ended',
    normal: 'Review found nothing',
    sensitive: 'Review found a violation',
    suspected: 'Review asks for a person to look',
    failed: 'Review failed',
    unknown: 'Review did not run to its end',
    running: 'Review goes on',
  },
  unknownEventTitle: 'An event that is not known here',
  event: 'Event',
  url: 'URL',
  headers: 'Headers',
  result: 'Result',
  label: 'Label',
  found: 'Found',
  score: 'Score',
  frozen: 'Frozen',
  frozenAs: (state) => ({ '0': 'no', '1': 'yes', '2': 'moved away' })[state] ?? state,
  dataId: 'Data ID',
  workflow: 'Workflow',
  object: 'Object',
  bucket: 'Bucket',
  region: 'Region',
  state: 'State',
  stateOf: (state) => state,
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
  notAsked: 'unknown: callbacks do not say why, and CI was not asked (the function has no role)',
  noJobReason: 'unknown: the callback does not say',
  run: 'Run',
  unnamed: '(unnamed)',
  notSet: '(not sent)',
  seconds: (seconds) => `${seconds} s`,
  unreadableTitle: 'A callback could not be read',
  unreadableKept: (id) =>
    `The body is kept (item ${id}). Look at it with \`npm run outbox -- show ${id}\`, then redeliver or drop it.`,
  unreadableNotKept: 'There is no store to keep the body in; the function\u2019s log has it.',
  problem: 'Problem',
  problemOf: (_, message) => message,
  size: 'Size',
  bytes: (count) => `${count} bytes`,
  seenInIt: 'What can be seen in it',
  unchecked: 'Not checked',
  whatToDo: 'What to do',
  deadTitle: (count) => `${count} ${count === 1 ? 'delivery was' : 'deliveries were'} given up`,
  deadAdvice: 'Look at them with `npm run outbox -- list`, mend the cause, then redeliver or drop them.',
  deadItems: 'Not delivered',
  refusedTitle: (count) =>
    `${count} ${count === 1 ? 'delivery is' : 'deliveries are'} refused again and again`,
  refusedAdvice:
    'The destination works, but does not take these: see why below, and mend the receiver or the channel\u2019s settings. They are tried again until then; all others go on.',
  outboxItems: 'Outbox items',
  content: 'Content',
  sentTo: 'To',
  namedHere: 'Named here',
  firstOf: (named, count) => `the first ${named} of ${count}`,
  unverifiedCallback: 'a callback that CI could not be asked about',
  restOfBody: 'a callback with many jobs, not all of them relayed yet',
  uncheckedTitle: (count) => `${count} ${count === 1 ? 'callback' : 'callbacks'} cannot be checked with CI`,
  uncheckedAdvice:
    'Nothing was relayed. If they are yours: give the function the right to ask CI about the bucket, or name bucket and workflow in RECONCILE. ' +
    'If you do not know them, the token may have leaked: change CALLBACK_TOKEN, and drop them with `npm run outbox -- drop ID`.',
  duration: (ms) => {
    const minutes = Math.round(ms / 60_000)
    return minutes < 120 ? minutesInEnglish(minutes) : `${Math.round(minutes / 60)} hours`
  },
  runningTitle: (duration) => `A workflow has been running for ${duration}`,
  runningAdvice:
    'Look at it in the console of Cloud Infinite: it may hang, and no callback comes until it ends.',
  outage: {
    queue: (scheme) => `Deliveries to the queue (${scheme})`,
    channel: (id) => `Deliveries to the alert channel ${id}`,
    ci: 'Questions to CI',
    title: (destination, duration) => `${destination} have been failing for ${duration}`,
    over: (destination) => `${destination} arrive again: all that waited has been delivered`,
    since: 'Since',
    waiting: 'Waiting',
    dead: 'Given up',
    lasted: 'It lasted',
    advice: (hours) =>
      `Mend the destination: what waits is then delivered by itself. Each delivery is given up after ${hoursInEnglish(hours)}.`,
  },
  digestTitle: {
    workflows: (count, minutes) =>
      `Another ${count} workflows failed in the last ${minutesInEnglish(minutes)}, held back by the robot\u2019s limit`,
    jobs: (count, minutes) =>
      `Another ${count} jobs failed in the last ${minutesInEnglish(minutes)}, held back by the robot\u2019s limit`,
    alerts: (count, minutes) =>
      `Another ${count} alerts of the last ${minutesInEnglish(minutes)}, held back by the robot\u2019s limit`,
  },
  digestHeading: 'One by one',
  moreItems: 'and {count} more',
}

function hoursInEnglish(hours: number): string {
  return hours === 1 ? 'an hour' : `${hours} hours`
}

function minutesInEnglish(minutes: number): string {
  return minutes === 1 ? 'minute' : `${minutes} minutes`
}
