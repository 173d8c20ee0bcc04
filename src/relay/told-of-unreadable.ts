import { noticeOf } from '../callback/kinds/workflow'
import { glimpse } from '../callback/glimpse'
import type { Notice } from '../callback/notice'
import type { GatewayRequest } from '../gateway/request'
import type { Services } from '../services'
import { seenText } from './quarantine'
import type { CallbackContext } from './callback-context'

/**
 * What CI says of the execution that a body names which cannot be read (a control character in an object's key is enough for that); null when none
 * is named, or CI does not answer, or knows none such. The body itself is believed in nothing.
 */
export async function toldOfUnreadable(
  services: Services,
  request: GatewayRequest,
  context: CallbackContext,
): Promise<Notice | null> {
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
    return await (await import('./verify')).askCi(services, named, context)
  } catch {
    return null
  }
}
