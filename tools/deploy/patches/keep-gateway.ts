import { findFunction, gatewayServiceOf, listTriggers } from '../cloud/functions'
import type { Session } from '../session'

/**
 * API Gateway's mode: adds the trigger that serverless-tencent-scf is to make, unless there is one. One that is there is left alone,
 * whatever it looks like: that plugin would delete and make it again when a setting differs, and the service makes no new ones.
 */
export async function keepGateway(session: Session): Promise<void> {
  const { custom, functions } = session.serverless.service
  const callback = functions['callback']
  if (custom?.relay?.trigger !== 'apigw' || callback === undefined) return
  const name = session.functionName('callback')
  const isThere = (await findFunction(session.call, name)) !== null
  const service = gatewayServiceOf(isThere ? await listTriggers(session.call, name) : [])
  const wanted = custom.relay.serviceId ?? ''
  if (service !== null && (wanted === '' || wanted === service)) {
    session.log.notice(`The API Gateway trigger (${service}) is there: left as it is.`)
    return
  }
  callback.events.push({
    apigw: {
      name: 'gateway',
      parameters: {
        serviceId: wanted,
        stageName: 'release',
        path: '/',
        httpMethod: 'ANY',
        integratedResponse: true,
        enable: true,
        serviceTimeout: Number(callback.timeout) + 5,
      },
    },
  })
}
