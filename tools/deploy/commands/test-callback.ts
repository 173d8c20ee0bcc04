import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { bucketOption, watchedIn } from '../cloud/buckets'
import { jsonObject } from '../cloud/json-object'
import { reach } from '../cloud/reach'
import { deployedCallback } from './deployed-callback'
import type { DeployedFunction } from '../cloud/functions'
import type { Session } from '../session'
import { textOption } from '../serverless'

/** `serverless callback test [--failed | --path events/NAME.json]`: a sample through the real URL, with the real token. */
export async function testCallback(session: Session): Promise<void> {
  const { options, print } = session
  const { url, found } = await deployedCallback(session)
  const path = textOption(options, 'path')
  const state = options['failed'] === true ? 'Failed' : 'Success'
  const bucket = sampleBucket(session, found)
  if (bucket === null && path === null && found.variables['VERIFY'] === 'read-back') {
    throw new Error(
      'While VERIFY is read-back, CI is asked about the sample: name a bucket of yours with --bucket NAME-APPID.',
    )
  }
  const body =
    path === null ? sampleCallback(state, bucket ?? undefined) : bodyIn(await readFile(path, 'utf8'))
  const start = Date.now()
  const response = await reach(url, {
    method: 'POST',
    body: Buffer.from(body),
    headers: { 'content-type': 'application/xml' },
  })
  const answer = response.body
  print(`${response.status} in ${Date.now() - start} ms: ${answer}`)
  if (response.status === 403 && found.variables['VERIFY'] === 'read-back') {
    print(
      "Refused as it should be: CI, asked with the function's role, knows no such execution. Only real ones pass while VERIFY is read-back.",
    )
    return
  }
  if (response.status !== 200)
    throw new Error(
      `The sample was not taken (${response.status}): run \`npx serverless callback doctor\`, or see \`npx serverless logs -f callback\`.`,
    )
  const { outcome } = jsonObject(answer)
  if (typeof outcome !== 'string')
    throw new Error(
      "This is not the relay's answer: something else stands before the function, see its triggers in the console.",
    )
  if (outcome === 'parked')
    print(
      'Parked: the target could not be reached now; the sweep tries again. Why: `npx serverless logs -f callback`.',
    )
  else if (path === null) print('It is a sample: its RunId and object begin with relay-test.')
}

/**
 * A bucket that the function's role may ask CI about: the one named, else the first that it reconciles; null when there is neither. Throws
 * when the one named is none.
 */
export function sampleBucket(session: Session, { variables }: DeployedFunction): string | null {
  return bucketOption(session.options) ?? watchedIn(variables)[0]?.bucket ?? null
}

/** A workflow callback in the newest documented shape (460/80039), of an execution that never was. */
export function sampleCallback(state: 'Success' | 'Failed', bucket = 'relay-test-1250000000'): string {
  const id = `relay-test-${randomUUID()}`
  const time = new Date().toISOString().replace(/\.\d+Z$/, '+0000')
  return `<Response><EventName>WorkflowFinish</EventName><WorkflowExecution>
<RunId>${id}</RunId><BucketId>${bucket}</BucketId><Object>relay-test/sample.mp4</Object><CosHeaders></CosHeaders>
<WorkflowId>relay-test</WorkflowId><WorkflowName>relay-test</WorkflowName><CreateTime>${time}</CreateTime><State>${state}</State>
<Tasks><Type>Transcode</Type><CreateTime>${time}</CreateTime><StartTime>${time}</StartTime><EndTime>${time}</EndTime><State>${state}</State>
<JobId>${id}</JobId><Name>Transcode_1</Name><TemplateId>relay-test</TemplateId><TemplateName>relay-test</TemplateName></Tasks>
</WorkflowExecution></Response>`
}

/** The body of a gateway event; a file that is none is the body itself. */
function bodyIn(text: string): string | Buffer {
  const { body, isBase64Encoded } = jsonObject(text)
  if (typeof body !== 'string') return text
  return isBase64Encoded === true ? Buffer.from(body, 'base64') : body
}
