import type { Text } from './model'

/** What can be seen in a body that cannot be read: nobody has checked it. */
export interface Glimpse {
  readonly runId: Text
  readonly jobId: Text
  readonly state: Text
  readonly bucket: Text
  readonly object: Text
  readonly workflowId: Text
  readonly workflowName: Text
}

/** What is longer is not looked into: what names a callback stands at its beginning. */
const LOOKED_INTO = 65_536
const LONGEST = 1_024

export function glimpse(body: string): Glimpse {
  const text = body.slice(0, LOOKED_INTO)
  // A task has a State of its own.
  const head = text.split(/<Tasks\b|"Tasks"/, 1)[0] ?? ''
  return {
    runId: seen(text, 'RunId'),
    jobId: seen(text, 'JobId'),
    state: seen(head, 'State'),
    bucket: seen(text, 'BucketId'),
    object: seen(text, 'Object'),
    workflowId: seen(text, 'WorkflowId'),
    workflowName: seen(text, 'WorkflowName'),
  }
}

/** The first text under that name, as an element of XML or a string of JSON. */
function seen(text: string, name: string): Text {
  const [, element, value] =
    new RegExp(`<${name}>([^<]{1,${LONGEST}})</|"${name}"\\s*:\\s*"((?:[^"\\\\]|\\\\.){1,${LONGEST}})"`).exec(
      text,
    ) ?? []
  const found = (element ?? value)?.trim() ?? ''
  return found === '' || found === '-' ? null : found.toWellFormed()
}
