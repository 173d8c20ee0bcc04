import { describeUrl } from './callback-url'
import { addressOf, listTriggers } from './functions'
import { ensureFunctionUrl } from './function-url'
import type { Session } from './session'

/** The end of a deploy: the function can be reached, and its URL is printed. */
export async function publishUrl(session: Session): Promise<void> {
  const name = session.functionName('callback')
  const gateway = session.serverless.service.custom?.relay?.trigger === 'apigw'
  if (gateway) {
    const address = addressOf(await listTriggers(session.call, name), 'apigw')
    if (address === null)
      throw new Error(
        `${name} has no API Gateway trigger: deploy without trigger=apigw to get a function URL.`,
      )
    session.print(['Callback URL (API Gateway):', ...describeUrl(address, session.token, session.showToken)])
    return
  }
  const { address, made } = await ensureFunctionUrl(session.call, name)
  session.print([
    `Callback URL (${made ? 'new' : 'as before'}):`,
    ...describeUrl(address, session.token, session.showToken),
  ])
  session.print(
    'Next: `npx serverless callback test`, then `npx serverless callback connect --bucket BUCKET-APPID --workflow ID`',
  )
}
