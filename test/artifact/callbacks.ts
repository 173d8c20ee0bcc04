import type { IntegratedResponse } from '@tencentcloud/serverless-nodejs-types'

export const TOKEN = 'reliability-0123456789abcdef'

/** A callback as CI sends it. */
export function callbackXml(runId: string, object = 'input/clip.mp4', state = 'Success'): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<Response>
    <EventName>WorkflowFinish</EventName>
    <WorkflowExecution>
        <RunId>${runId}</RunId>
        <BucketId>media-1250000000</BucketId>
        <Object>${object}</Object>
        <WorkflowId>w0123456789abcdef0123456789abcdef</WorkflowId>
        <WorkflowName>transcode-all</WorkflowName>
        <CreateTime>2026-11-01 11:00:41+0800</CreateTime>
        <State>${state}</State>
        <Tasks>
            <Type>Transcode</Type>
            <CreateTime>2026-11-01 11:00:42+0800</CreateTime>
            <StartTime>2026-11-01 11:00:43+0800</StartTime>
            <EndTime>2026-11-01 11:00:45+0800</EndTime>
            <State>${state}</State>
            <JobId>j${runId}</JobId>
            <Name>Transcode_1600413767353</Name>
        </Tasks>
    </WorkflowExecution>
</Response>
`
}

/** The event of a function URL. */
export function callbackEvent(body: string): Readonly<Record<string, unknown>> {
  return {
    httpMethod: 'POST',
    path: `/${TOKEN}`,
    headers: { 'content-type': 'application/xml' },
    queryString: {},
    body,
  }
}

/** `i` and 32 digits, as CI's are. */
export function runId(prefix: string, number: number): string {
  return `i${prefix}${String(number).padStart(32 - prefix.length, '0')}`
}

/** Of a message, whose id is the RunId or JobId and the State. */
export function runOf({ id }: { readonly id: string }): string {
  return id.replace(/:[^:]*$/, '')
}

export function outcomeOf(answer: IntegratedResponse): unknown {
  const { outcome, error } = JSON.parse(answer.body) as { outcome?: unknown; error?: unknown }
  return outcome ?? error
}

/** The whole seconds of Retry-After, in ms. */
export function waitOf(answer: IntegratedResponse): number {
  const seconds = Number(answer.headers['Retry-After'])
  if (!Number.isInteger(seconds) || seconds < 1) throw new Error(`Retry-After is ${String(seconds)}`)
  return seconds * 1000
}
