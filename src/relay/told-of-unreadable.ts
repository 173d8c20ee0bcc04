import { noticeOf } from '../callback/kinds/workflow'
import { glimpse } from '../callback/glimpse'
import type { Notice } from '../callback/notice'
import type { GatewayRequest } from '../gateway/request'
import type { RelayParts } from './parts'
import { seenText } from './quarantine'
import type { Run } from './run'

/**
 * What CI says of the execution that a body names which cannot be read (a control character in an object's key is enough for that); null when none
 * is named, CI cannot be asked, or knows none such. The body itself is believed in nothing.
 */
export async function toldOfUnreadable(
  parts: RelayParts,
  request: GatewayRequest,
  run: Run,
): Promise<Notice | null> {
  if (parts.readBack === null) return null
  const { runId, bucket, state, workflowId, workflowName } = glimpse(seenText(request))
  if (runId === null) return null
  const named = noticeOf({
    runId,
    bucket,
    object: null,
    state: state ?? 'Unknown',
    createdAt: null,
    headers: {},
    workflow: { id: workflowId, name: workflowName },
    tasks: [],
  })
  try {
    return await (await import('./verify')).askCi(parts, named, run)
  } catch {
    return null
  }
}
