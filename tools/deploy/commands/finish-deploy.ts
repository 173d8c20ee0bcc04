import { describeUrl } from '../cloud/callback-url'
import { callbackFront, inWords } from '../cloud/front'
import { putConcurrency } from '../cloud/put-concurrency'
import { repeatNoSweep } from '../cloud/put-timer'
import type { Session } from '../session'
import { configurationOf } from '../variables'
import { watchedWorkflow } from './watched-workflow'

const WITHOUT_STORE =
  'There is no store (STORE_URL): what cannot be delivered, or asked of CI, at once is answered 503, which CI need not send again, and a repeat is routed again.'

const CAPPED =
  'DEPLOY_CONCURRENCY is set and RECONCILE is not: a callback beyond the cap is refused by the platform (432), and nothing fetches it later.'

/** The end of a deploy: what serverless-tencent-scf knows nothing of is set, the function can be reached, and its URL is printed. */
export async function finishDeploy(session: Session): Promise<void> {
  const { call, functionName, log, print, serverless } = session
  const say = (text: string): void => log.notice(text)
  const { custom, provider } = serverless.service
  const name = functionName('callback')
  await repeatNoSweep(call, functionName('sweep'), say)
  await putConcurrency(call, name, custom?.relay?.concurrency, Number(provider.memorySize), say)
  const front = await callbackFront(session, name)
  print([
    front.address.kind === 'apigw'
      ? 'Callback URL (API Gateway, which Tencent Cloud shuts down in batches from 2026-10-30 on: go over to a function URL):'
      : `Callback URL (${front.isNew ? 'new' : 'as before'}):`,
    ...describeUrl(front.address, session.token, session.showToken),
  ])
  const settings = configurationOf(serverless.service)
  if (settings['STORE_URL'] === undefined) log.warning(WITHOUT_STORE)
  if (custom?.relay?.concurrency && settings['RECONCILE'] === undefined) log.warning(CAPPED)
  for (const problem of front.problems) log.warning(inWords(problem))
  print(
    `Next: \`npx serverless callback test\`, then \`npx serverless callback connect ${watchedWorkflow(session)}\``,
  )
}
