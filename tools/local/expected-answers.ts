/** What an event of events/ is answered with. */
export interface Expected {
  /** null: no HTTP event. */
  readonly status: number | null
  /** The answer's `outcome`, or its `error`. */
  readonly outcome: string
}

/** By the event's file name without `.json`. A `queued` or `alerted` may also be a `duplicate`: sent before to the same store. */
export const EXPECTED_ANSWERS: Readonly<Record<string, Expected>> = {
  'apigw-success': { status: 200, outcome: 'queued' },
  'apigw-failed': { status: 200, outcome: 'alerted' },
  'apigw-base64': { status: 200, outcome: 'queued' },
  'apigw-several-failed-tasks': { status: 200, outcome: 'alerted' },
  'apigw-success-with-failed-task': { status: 200, outcome: 'queued' },
  'url-success': { status: 200, outcome: 'queued' },
  'url-success-without-root': { status: 200, outcome: 'queued' },
  'url-failed': { status: 200, outcome: 'alerted' },
  'url-json-success': { status: 200, outcome: 'queued' },
  'job-success': { status: 200, outcome: 'queued' },
  'job-failed': { status: 200, outcome: 'alerted' },
  'document-failed': { status: 200, outcome: 'alerted' },
  'review-sensitive': { status: 200, outcome: 'queued' },
  'unknown-event': { status: 200, outcome: 'alerted' },
  'console-test': { status: 200, outcome: 'test' },
  start: { status: 200, outcome: 'ignored' },
  running: { status: 200, outcome: 'ignored' },
  malformed: { status: 400, outcome: 'malformed-xml' },
  doctype: { status: 400, outcome: 'doctype' },
  'wrong-token': { status: 401, outcome: 'unauthorized' },
  timer: { status: null, outcome: 'swept' },
}

export function isExpected(expected: Expected, status: number | null, outcome: string): boolean {
  if (expected.status !== status) return false
  const repeatable = expected.outcome === 'queued' || expected.outcome === 'alerted'
  return outcome === expected.outcome || (repeatable && outcome === 'duplicate')
}
