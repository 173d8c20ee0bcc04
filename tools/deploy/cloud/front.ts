import type { Address } from './callback-url'
import { CloudError, type CallApi } from './cloud-api'
import { addressOf, listTriggers, NAMESPACE, type Trigger } from './functions'
import { ensureFunctionUrl, URL_DESCRIPTION } from './function-url'
import { jsonObject } from './json-object'
import type { Session } from '../session'

/** What keeps callbacks from what was deployed, though there is an address. */
export interface FrontProblem {
  readonly what: string
  readonly remedy: string
}

/** What stands before the callback function. */
export interface Front {
  readonly address: Address
  readonly isNew: boolean
  readonly problems: readonly FrontProblem[]
}

/** Makes sure that callbacks come to the function: by its function URL, or by the gateway that it still has. */
export async function callbackFront({ call, serverless }: Session, name: string): Promise<Front> {
  if (serverless.service.custom?.relay?.trigger === 'apigw') {
    const triggers = await listTriggers(call, name)
    const address = addressOf(triggers, 'apigw')
    if (address === null)
      throw new Error(
        `${name} has no API Gateway trigger: deploy without trigger=apigw to get a function URL.`,
      )
    return { address, isNew: false, problems: await frontProblems(call, name, triggers) }
  }
  const { address, made } = await ensureFunctionUrl(call, name)
  const triggers = await withOpenUrl(call, name, await listTriggers(call, name))
  return { address, isNew: made, problems: await frontProblems(call, name, triggers) }
}

export async function frontProblems(
  call: CallApi,
  name: string,
  triggers: readonly Trigger[],
): Promise<readonly FrontProblem[]> {
  const fronts = triggers.filter(({ type }) => type === 'http' || type === 'apigw')
  const problems = fronts.flatMap((trigger): readonly FrontProblem[] => {
    const isUrl = trigger.type === 'http'
    const which = `the ${isUrl ? 'function URL' : 'gateway trigger'} ${trigger.name} of ${name}`
    const auth = authOf(trigger)
    return [
      ...(trigger.open
        ? []
        : [{ what: `${which} is closed`, remedy: "open it in SCF's console, or nothing comes in" }]),
      ...(isUrl && auth !== 'NONE'
        ? [
            {
              what: `${which} asks for ${auth}, and CI cannot sign`,
              remedy: "set its authentication to none in SCF's console",
            },
          ]
        : []),
    ]
  })
  return [...problems, ...(await aliasProblems(call, name, fronts))]
}

export function inWords({ what, remedy }: FrontProblem): string {
  return `${what}: ${remedy}`
}

/** A function URL calls `$DEFAULT`, which somebody may have moved to a version that was published before. */
async function aliasProblems(
  call: CallApi,
  name: string,
  fronts: readonly Trigger[],
): Promise<readonly FrontProblem[]> {
  if (!fronts.some(({ qualifier }) => qualifier === '$DEFAULT')) return []
  try {
    const alias = await call('scf', 'GetAlias', {
      FunctionName: name,
      Namespace: NAMESPACE,
      Name: '$DEFAULT',
    })
    const version = String(alias['FunctionVersion'])
    return version === '$LATEST'
      ? []
      : [
          {
            what: `callbacks go to version ${version} of ${name}, not to what was deployed last`,
            remedy: "point the alias $DEFAULT at $LATEST in SCF's console",
          },
        ]
  } catch (error) {
    // Of a function that never had versions there may be none.
    if (error instanceof CloudError) return []
    throw error
  }
}

/** Opens a function URL that somebody closed or locked, as far as the service lets it be changed; the triggers as they are then. */
async function withOpenUrl(
  call: CallApi,
  name: string,
  triggers: readonly Trigger[],
): Promise<readonly Trigger[]> {
  const url = triggers.find(({ type }) => type === 'http')
  if (url === undefined || (url.open && authOf(url) === 'NONE')) return triggers
  try {
    await call('scf', 'UpdateTrigger', {
      FunctionName: name,
      Namespace: NAMESPACE,
      TriggerName: url.name,
      Type: 'http',
      Qualifier: url.qualifier,
      Enable: 'OPEN',
      TriggerDesc: URL_DESCRIPTION,
    })
  } catch (error) {
    // What is left as it is is told of.
    if (!(error instanceof CloudError)) throw error
  }
  return listTriggers(call, name)
}

function authOf({ description }: Trigger): string {
  const { AuthType } = jsonObject(description)
  return typeof AuthType === 'string' ? AuthType : 'NONE'
}
