import { callbackUrl, LONGEST_URL, maskedUrl } from '../../cloud/callback-url'
import { frontProblems } from '../../cloud/front'
import { reach } from '../../cloud/reach'
import { explain } from '../../failure'
import type { Session } from '../../session'
import type { DeployedCallback } from '../deployed-callback'
import { type About, aboutIn } from './check-sweeps'
import { fail, type Finding, ok } from './finding'

export async function checkUrl({
  address,
  url,
}: DeployedCallback): Promise<{ readonly findings: readonly Finding[]; readonly about: About }> {
  const length =
    url.length <= LONGEST_URL
      ? ok(`URL: ${maskedUrl(address)}, ${url.length} of ${LONGEST_URL} characters`)
      : fail(
          `URL: ${url.length} characters, CI promises to take ${LONGEST_URL}`,
          `a CALLBACK_TOKEN shorter by ${url.length - LONGEST_URL}`,
        )
  try {
    const right = await reach(url)
    const wrong = await reach(callbackUrl(address, 'wrong-token-of-the-doctor'))
    const text = right.status === 200 ? right.body : ''
    const findings = [
      length,
      right.status === 200
        ? ok(`answer: ${text.slice(0, 300)}`)
        : fail(
            `answer: ${right.status} to the right token`,
            'see `npx serverless logs -f callback`: 503 means that its settings cannot be used; then deploy',
          ),
      wrong.status === 401
        ? ok('lock: 401 to a wrong token')
        : fail(
            `lock: ${wrong.status} to a wrong token`,
            'another program stands before the function: see its triggers in the console',
          ),
    ]
    return { findings, about: aboutIn(text) }
  } catch (error) {
    const none = fail(
      `answer: none (${explain(error)})`,
      'see that the trigger is open and public in the console',
    )
    return { findings: [length, none], about: null }
  }
}

export async function checkTriggers(
  session: Session,
  { found, triggers }: DeployedCallback,
): Promise<readonly Finding[]> {
  const problems = await frontProblems(session.call, found.name, triggers)
  return problems.map(({ what, remedy }) => fail(`trigger: ${what}`, remedy))
}
