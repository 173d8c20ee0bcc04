import { placeInUrl } from '../../../../src/stores/cos'
import type { CosTarget } from '../../../../src/tencent/cos-request'
import { acceptedRequest } from '../../cloud/signed-request'
import type { Session } from '../../session'
import type { DeployedCallback } from '../deployed-callback'
import { isShortLived, type Target } from '../targets'
import { fail, type Finding, ok, warn } from './finding'
import { isPrivate, whyUnreachable } from './reach-targets'

export async function checkTargets(
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

export async function checkStore(
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
  let place: CosTarget
  try {
    place = placeInUrl(url, session.region).target
  } catch {
    return [fail('STORE_URL: cos: no bucket with its APPID', 'cos://BUCKET-APPID/PREFIX?region=REGION')]
  }
  try {
    const request = { method: 'GET', path: '/', query: { 'max-keys': '1' } } as const
    await acceptedRequest(place, 'bucket', request, session.credentials())
    return [ok(`STORE_URL: cos: bucket ${place.bucket} is there`)]
  } catch (error) {
    return [
      fail(
        `STORE_URL: ${(error as Error).message}`,
        `make the bucket ${place.bucket} in ${place.region}, or name another`,
      ),
    ]
  }
}
