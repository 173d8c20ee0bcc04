import { explain } from '../../failure'
import type { Session } from '../../session'
import { problemsOf } from '../check-settings'
import { type DeployedCallback, deployedCallback } from '../deployed-callback'
import { targetsOf } from '../targets'
import { sampleBucket } from '../test-callback'
import { checkConnection, checkRole } from './check-ci'
import { checkArrivals, checkFunctions } from './check-functions'
import { checkSweeps } from './check-sweeps'
import { checkStore, checkTargets } from './check-targets'
import { checkTriggers, checkUrl } from './check-url'
import { fail, type Finding, ok } from './finding'

/** `serverless callback doctor [--bucket B --workflow W | --queue Q]`: a line for each check, with the remedy where one is needed. */
export async function doctor(session: Session): Promise<void> {
  const { print } = session
  let failed = 0
  let warned = 0
  const report = (findings: readonly Finding[]): void => {
    for (const finding of findings) {
      if (finding.verdict === 'FAIL') failed++
      if (finding.verdict === 'warn') warned++
      print(`${finding.verdict.padEnd(5)}${finding.what}`)
      if (finding.verdict !== 'ok') print(`     -> ${finding.remedy}`)
    }
  }

  report(await settingsHere(session))
  let callback: DeployedCallback | null = null
  try {
    callback = await deployedCallback(session)
  } catch (error) {
    report([fail('callback function', explain(error))])
  }
  if (callback !== null) {
    report(await checkFunctions(session, callback))
    const { findings, about } = await checkUrl(callback)
    report(findings)
    if (about !== null) report(checkArrivals(callback.found, about))
    report(await checkTriggers(session, callback))
    report(await checkSweeps(session, about))
    const opened = await targetsOf(callback.found.variables, session.region)
    report(await checkTargets(session, callback, opened))
    report(await checkStore(session, callback, opened))
    report(await checkRole(callback, opened, sampleBucket(session, callback.found)))
    report(await checkConnection(session, callback))
  }
  if (failed > 0)
    throw new Error(`${failed} ${failed === 1 ? 'check' : 'checks'} failed: see the remedies above.`)
  print(
    warned === 0 ? 'All is well.' : `Nothing is broken; ${warned} ${warned === 1 ? 'warning' : 'warnings'}.`,
  )
}

async function settingsHere(session: Session): Promise<readonly Finding[]> {
  const problems = await problemsOf(session.serverless.service, session.stage, session.region)
  if (problems.length > 0)
    return problems.map((problem) =>
      fail(`settings here: ${problem}`, 'put it right in .env or the environment, then deploy'),
    )
  return [ok('settings here: complete, each URL is one that its driver can read')]
}
