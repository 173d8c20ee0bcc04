import { findFunction } from './functions'
import type { Session } from '../session'

/** Whether the key is one, and may see the functions: asked before anything is uploaded, which would look like a deployment. */
export async function proveKey({ call, functionName, log }: Session): Promise<void> {
  const found = await findFunction(call, functionName('callback'))
  if (found?.status === 'UpdateFailed')
    log.notice(`${found.name}: its last change failed (${found.reason || 'no reason given'}); trying again`)
}
