import { isBucketName, isRegion } from '../../../src/tencent/bucket-name'
import { callbackUrl, LONGEST_URL, maskedUrl } from '../cloud/callback-url'
import { problemsOf } from './check-settings'
import { configurationOf, variablesOf } from '../variables'
import { ciSettings } from '../cloud/ci-settings'
import { watchedIn } from '../cloud/buckets'
import { type About, aboutIn, checkSweeps } from './check-sweeps'
import { whatNeedsRole } from './check-role'
import { bucketRegion, type Place, placeOption } from './connect'
import { type DeployedCallback, deployedCallback } from './deployed-callback'
import { explain } from '../failure'
import { fail, type Finding, ok, warn } from './finding'
import { fingerprints } from '../../../src/config/fingerprints'
import { frontProblems } from '../cloud/front'
import { cureOf, type DeployedFunction, findFunction } from '../cloud/functions'
import { acceptedRequest } from '../cloud/signed-request'
import { isPrivate, whyUnreachable } from './reach-targets'
import { reach } from '../cloud/reach'
import type { Session } from '../session'
import { isShortLived, type Target, targetsOf } from './targets'
import { sampleBucket, sampleCallback } from './test-callback'
import { jsonObject } from '../cloud/json-object'

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
    report(await functions(session, callback))
    const { findings, about } = await url(callback)
    report(findings)
    if (about !== null) report(arrivals(callback.found, about))
    report(await fronts(session, callback))
    report(await checkSweeps(session, about))
    const opened = await targetsOf(callback.found.variables, session.region)
    report(await targets(session, callback, opened))
    report(await store(session, callback, opened))
    report(await role(callback, opened, sampleBucket(session, callback.found)))
    report(await connection(session, callback))
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

async function functions(session: Session, { found, tokens }: DeployedCallback): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const sweep = await findFunction(session.call, session.functionName('sweep'))
  for (const [key, one] of [
    ['callback', found],
    ['sweep', sweep],
  ] as const) {
    if (one === null) findings.push(fail(`${key}: not deployed`, 'run `npx serverless deploy`'))
    else if (one.status !== 'Active') findings.push(fail(`${key}: ${one.status}`, cureOf(one)))
    else {
      const different = differences(session, key, one)
      findings.push(
        different.length === 0
          ? ok(`${key}: active, last change ${one.changedAt}, settings as here`)
          : warn(
              `${key}: active, but ${different.join(', ')} differ from the settings here`,
              'run `npx serverless deploy`, if the ones here are right',
            ),
      )
    }
  }
  const short = tokens.filter(({ length }) => length < 22)
  findings.push(
    short.length > 0
      ? fail('token: shorter than 22 characters', 'make a new one: openssl rand -hex 16')
      : ok(
          `token: ${tokens.length === 1 ? 'one' : `${tokens.length} accepted, the first is the one in the URL`}`,
        ),
  )
  return findings
}

/** What of a function as deployed is not what the settings here say. */
function differences(session: Session, key: string, one: DeployedFunction): readonly string[] {
  const { functions: wanted, provider } = session.serverless.service
  const here = variablesOf(wanted[key]?.environment?.variables)
  const names = [...new Set([...Object.keys(here), ...Object.keys(one.variables)])]
  const { vpcId = '', subnetId = '' } = provider.vpcConfig ?? {}
  const others: readonly (readonly [string, string, string])[] = [
    ['role', provider.role ?? '', one.role ?? ''],
    ['VPC', [vpcId, subnetId].join('/'), [one.vpc?.vpcId ?? '', one.vpc?.subnetId ?? ''].join('/')],
    ['runtime', provider.runtime ?? '', one.runtime],
    ['memory', String(provider.memorySize), one.memory],
    ['timeout', String(wanted[key]?.timeout), one.timeout],
  ]
  return [
    ...names.filter((name) => here[name] !== one.variables[name]),
    ...others.flatMap(([name, given, deployed]) => (given === deployed ? [] : [name])),
  ]
}

/** Whether the values arrived in the function as they were deployed: its runtime is known to take some apart. */
function arrivals(found: DeployedFunction, about: About): readonly Finding[] {
  const seen = about?.settings
  if (typeof seen !== 'object' || seen === null)
    return [
      warn(
        'arrival: the function does not say what it sees',
        'run `npx serverless deploy`, if it is of an earlier version',
      ),
    ]
  const broken = Object.entries(fingerprints(found.variables))
    .filter(([name, print]) => (seen as Record<string, unknown>)[name] !== print)
    .map(([name]) => name)
  return broken.length === 0
    ? [ok('arrival: the function sees each value as it was deployed')]
    : [
        fail(
          `arrival: the function sees another value of ${broken.join(', ')} than was deployed`,
          'some runtimes cut a value at its second =: write %3D for it in a URL, then run `npx serverless deploy`',
        ),
      ]
}

async function url({
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

async function fronts(session: Session, { found, triggers }: DeployedCallback): Promise<readonly Finding[]> {
  const problems = await frontProblems(session.call, found.name, triggers)
  return problems.map(({ what, remedy }) => fail(`trigger: ${what}`, remedy))
}

async function targets(
  session: Session,
  { found }: DeployedCallback,
  opened: readonly Target[],
): Promise<readonly Finding[]> {
  const missing = [
    ...(found.variables['QUEUE_URL'] === undefined
      ? [warn('QUEUE_URL: not set', 'successes are answered 200 and go nowhere')]
      : []),
    ...(found.variables['ALERT_URLS'] === undefined
      ? [warn('ALERT_URLS: not set', 'failures are logged and nobody is told')]
      : []),
  ]
  const set = opened.filter(({ variable }) => variable !== 'STORE_URL')
  return [...missing, ...(await Promise.all(set.map((one) => target(session, one))))]
}

async function target(session: Session, one: Target): Promise<Finding> {
  const { variable, scheme, endpoints, needs } = one
  const what = `${variable}: ${scheme}:`
  if (isShortLived(one)) {
    return warn(`${what} lives and dies with one instance of the function`, 'use a target outside of it')
  }
  if (needs.length > 0)
    return ok(`${what} a signed service of the cloud; \`npx serverless callback test\` tries it`)
  if (endpoints.some(({ host }) => isPrivate(host))) {
    return session.serverless.service.provider.vpcConfig?.vpcId
      ? ok(
          `${what} a private address, and the function is in a VPC; \`npx serverless callback test\` tries it`,
        )
      : fail(
          `${what} a private address, and the function is in no VPC`,
          'set DEPLOY_VPC_ID and DEPLOY_SUBNET_ID to those of the target',
        )
  }
  const why = (await Promise.all(endpoints.map((endpoint) => whyUnreachable(endpoint)))).filter(
    (reason) => reason !== null,
  )
  return why.length < endpoints.length
    ? ok(`${what} reachable (from here)`)
    : fail(
        `${what} not reachable from here (${why.join(', ')})`,
        'check host and port, and that its firewall lets the function in',
      )
}

async function store(
  session: Session,
  { found }: DeployedCallback,
  opened: readonly Target[],
): Promise<readonly Finding[]> {
  const url = found.variables['STORE_URL']
  if (url === undefined) {
    return [
      warn(
        'STORE_URL: not set: repeats are not recognised and nothing can be parked',
        'cos://BUCKET-APPID/relay, or redis://…',
      ),
    ]
  }
  const other = opened.find(({ variable, scheme }) => variable === 'STORE_URL' && scheme !== 'cos')
  if (other !== undefined) return [await target(session, other)]
  const [, bucket = ''] = /^cos:\/\/([^/?]+)/.exec(url) ?? []
  const region = /[?&]region=([\w-]+)/.exec(url)?.[1] ?? session.region
  // They become part of a host name.
  if (!isBucketName(bucket) || !isRegion(region))
    return [fail('STORE_URL: cos: no bucket with its APPID', 'cos://BUCKET-APPID/PREFIX?region=REGION')]
  const place = { service: 'cos', bucket, region, endpoint: null } as const
  try {
    const request = { method: 'GET', path: '/', query: { 'max-keys': '1' } } as const
    await acceptedRequest(place, 'bucket', request, session.credentials())
    return [ok(`STORE_URL: cos: bucket ${bucket} is there`)]
  } catch (error) {
    return [
      fail(
        `STORE_URL: ${(error as Error).message}`,
        `make the bucket ${bucket} in ${region}, or name another`,
      ),
    ]
  }
}

/** What the function may do, tried through the function itself: keys of this machine would prove nothing of its role's. */
async function role(
  { found, url }: DeployedCallback,
  opened: readonly Target[],
  bucket: string | null,
): Promise<readonly Finding[]> {
  const { variables } = found
  const needs = whatNeedsRole(variables, opened)
  if (found.role === null) {
    const remedy =
      'run `npx serverless callback role`, which makes it; set DEPLOY_ROLE to its name, and run `npx serverless deploy`'
    return needs.length > 0
      ? [fail(`role: none, but ${needs.join(' and ')} needs one`, remedy)]
      : [warn('role: none, so alerts cannot say why a task failed', remedy)]
  }
  if (variables['VERIFY'] !== 'read-back')
    return [ok(`role: ${found.role} (tried only while VERIFY is read-back)`)]
  if (bucket === null) {
    return [
      warn(
        `role: ${found.role}: not tried`,
        'name a bucket to ask CI about: --bucket NAME-APPID with --workflow or --queue',
      ),
    ]
  }
  const response = await reach(url, { method: 'POST', body: Buffer.from(sampleCallback('Success', bucket)) })
  if (response.status === 403)
    return [ok(`role: ${found.role}; read-back works: CI says that a made-up execution is none`)]
  const { outcome } = jsonObject(response.body)
  return [
    fail(
      `role: ${found.role}; read-back does not work (${response.status}${typeof outcome === 'string' ? `, ${outcome}` : ''})`,
      'give the role ci:DescribeMediaWorkflowExecutions, ci:DescribeMediaJob, ci:DescribeDocProcessJob and ci:DescribeAuditingVirusJob on qcs::ci:<region>:uid/<appid>:bucket/<bucket>/*, and see `npx serverless logs -f callback`',
    ),
  ]
}

async function connection(session: Session, { found, url }: DeployedCallback): Promise<readonly Finding[]> {
  const named = placeOption(session)
  const watched = watchedIn(configurationOf(session.serverless.service)).map(({ bucket, workflowId }) => {
    return { bucket, kind: 'workflow' as const, id: workflowId }
  })
  const places: readonly (Place & { readonly bucket: string })[] = named === null ? watched : [named]
  if (places.length === 0) {
    return [
      warn(
        'connection: not checked',
        'name it: --bucket NAME-APPID with --workflow ID or --queue ID (or set RECONCILE)',
      ),
    ]
  }
  return Promise.all(
    places.map(async ({ bucket, kind, id }) => {
      const what = `connection: ${kind} ${id} in ${bucket}`
      const remedy = `\`npx serverless callback connect --bucket ${bucket} --${kind} ${id}\``
      try {
        const { notify, state } = await ciSettings(
          bucket,
          bucketRegion(session, found.variables),
          session.credentials(),
        ).read(kind, id)
        if (notify.Url !== url) return fail(`${what}: its callback is not this function`, remedy)
        if (notify.State !== 'On' || notify.Type !== 'Url' || !notify.Event.includes('WorkflowFinish')) {
          return fail(
            `${what}: the URL is right, but State is ${notify.State}, Type ${notify.Type}, Event ${notify.Event}`,
            remedy,
          )
        }
        return state === 'Active'
          ? ok(what)
          : warn(`${what}: connected, but the ${kind} is ${state}`, 'enable it in the console')
      } catch (error) {
        return fail(
          `${what}: ${explain(error)}`,
          'check the id and the bucket, and the permissions of the credentials',
        )
      }
    }),
  )
}
