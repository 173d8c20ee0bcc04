import {
  type CosRequest,
  addressOf,
  cosRefusal,
  cosRequest,
  type CosTarget,
  errorField,
} from '../../../src/tencent/cos-request'
import { Deadline } from '../../../src/net/deadline'
import type { HttpAnswer } from '../../../src/net/http'
import type { Credentials } from '../../../src/tencent/credentials'
import { pause } from './pause'
import { letThrough } from './network-gate'
import { agentFor } from './proxy'

/** Of a moment: asked again, since what was begun must not stay half done (the vendor's own provider does so). */
const PASSING = /^(SlowDown|ServiceUnavailable|InternalError|RequestTimeout)$/
const PAUSES = [500, 1_000, 2_000, 4_000]

/** One signed request to COS or CI from whoever deploys, through a proxy where one is on the way; what passes by itself is tried again. */
async function signedRequest(
  target: CosTarget,
  request: Omit<CosRequest, 'deadline'>,
  credentials: Credentials,
): Promise<HttpAnswer> {
  const address = addressOf(target)
  letThrough(address.hostname)
  const agent = agentFor(address)
  for (let tries = 0; ; tries += 1) {
    const deadline = Deadline.in(30_000)
    const answer = await cosRequest(target, { ...request, deadline, ...(agent && { agent }) }, credentials)
    const wait = PAUSES[tries]
    const code = errorField(answer, 'Code') ?? ''
    // What a POST starts is billed each time: again only where it is sure that it was not begun.
    const passes =
      request.method === 'POST' ? code === 'SlowDown' : answer.status === 503 || PASSING.test(code)
    if (!passes || wait === undefined) return answer
    await pause(wait)
  }
}

/** The same, of which only 200 is an answer; what else comes is thrown, in COS's own words. `what`: what was asked for. */
export async function acceptedRequest(
  target: CosTarget,
  what: string,
  request: Omit<CosRequest, 'deadline'>,
  credentials: Credentials,
): Promise<HttpAnswer> {
  const answer = await signedRequest(target, request, credentials)
  if (answer.status !== 200) throw cosRefusal(target, what, answer)
  return answer
}
