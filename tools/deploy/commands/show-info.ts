import { tokensIn } from '../../../src/config/read-config'
import { describeUrl } from '../cloud/callback-url'
import { frontProblems, inWords } from '../cloud/front'
import { addressOf, findFunction, listTriggers } from '../cloud/functions'
import type { Session } from '../session'

/** `serverless info`: the URL, the functions, when each was last changed. */
export async function showInfo(session: Session): Promise<void> {
  const { call, print, stage, region } = session
  print(`${session.serverless.service.service}, stage ${stage}, region ${region}`)
  let missing = 0
  for (const key of Object.keys(session.serverless.service.functions)) {
    const name = session.functionName(key)
    const found = await findFunction(call, name)
    if (found === null) {
      print(`  ${key}: ${name} is not deployed`)
      missing++
      continue
    }
    const triggers = await listTriggers(call, name)
    const shown = triggers
      .map(({ type, name: trigger, open }) => `${type} ${trigger}${open ? '' : ' (CLOSED)'}`)
      .join(', ')
    print([
      `  ${key}: ${name}`,
      `    ${found.status}, ${found.runtime}, ${found.memory} MB, ${found.timeout} s, last change ${found.changedAt}`,
      `    triggers: ${shown || 'none'}`,
    ])
    for (const problem of await frontProblems(call, name, triggers)) session.log.warning(inWords(problem))
    if (key !== 'callback') continue
    const token = tokensIn(found.variables['CALLBACK_TOKEN'])[0] ?? session.token
    for (const kind of ['url', 'apigw'] as const) {
      const address = addressOf(triggers, kind)
      if (address !== null)
        print([
          `    callback URL (${kind === 'url' ? 'function URL' : 'API Gateway'}):`,
          ...describeUrl(address, token, session.showToken),
        ])
    }
  }
  if (missing > 0)
    throw new Error(
      `${missing} of the functions are not deployed to stage ${stage} in ${region}: run \`npx serverless deploy\`.`,
    )
}
