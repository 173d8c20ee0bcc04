import type { CosTarget } from '../../../src/tencent/cos-request'
import { NAMESPACE, untilActive } from '../cloud/functions'
import type { Session } from '../session'
import { acceptedRequest } from '../cloud/signed-request'
import { textOption } from '../serverless'
import { textIn } from '../cloud/xml-text'

interface Deployment {
  /** Seconds since the epoch, as `serverless deploy list` shows it. */
  readonly timestamp: string
  readonly zip: string
}

/**
 * `serverless rollback [--timestamp T]`: puts an earlier package back; without a timestamp, lists them. Settings stay as they are:
 * an older token would shut COS out.
 */
export async function rollback(session: Session): Promise<void> {
  const { call, print, serverless } = session
  const bucket = serverless.service.provider.cosBucket ?? `sls-cloudfunction-${session.region}`
  const { AppId } = await call('cam', 'GetUserAppId', {})
  const target: CosTarget = {
    service: 'cos',
    bucket: `${bucket}-${String(AppId)}`,
    region: session.region,
    endpoint: null,
  }
  const deployments = await deploymentsIn(session, target)
  const timestamp = textOption(session.options, 'timestamp')
  if (timestamp === null) {
    print(['Deployments, the newest last. Go back to one with `npx serverless rollback --timestamp …`:'])
    print(deployments.map((one) => `  ${one.timestamp}  ${clockOf(one.timestamp)}`))
    return
  }
  const wanted = deployments.find((one) => one.timestamp === timestamp)
  if (wanted === undefined)
    throw new Error(`There is no deployment ${timestamp}: \`npx serverless rollback\` lists them.`)
  for (const [key, { handler }] of Object.entries(serverless.service.functions)) {
    const name = session.functionName(key)
    await untilActive(call, name)
    await call('scf', 'UpdateFunctionCode', {
      FunctionName: name,
      Namespace: NAMESPACE,
      Handler: handler,
      CosBucketName: bucket,
      CosObjectName: `/${wanted.zip}`,
      CosBucketRegion: session.region,
    })
    await untilActive(call, name)
    print(`${name} is back at the package of ${clockOf(timestamp)}`)
  }
  print('Settings, triggers and the URL stay as they were.')
}

/** serverless-tencent-scf stamps a deployment with the local time of the machine, as if it were UTC. */
function clockOf(timestamp: string): string {
  return new Date(Number(timestamp) * 1000).toISOString().slice(0, 19).replace('T', ' ')
}

async function deploymentsIn(session: Session, target: CosTarget): Promise<readonly Deployment[]> {
  const prefix = `${session.serverless.service.service}-${session.stage}-`
  const get = async (path: string, query: Readonly<Record<string, string>> = {}): Promise<string> => {
    const request = { method: 'GET', path, query } as const
    return (await acceptedRequest(target, path, request, session.credentials())).body
  }
  const keys: string[] = []
  for (let marker: string | null = ''; marker !== null;) {
    const page: string = await get('/', { prefix, ...(marker === '' ? {} : { marker }) })
    keys.push(...[...page.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key]) => String(key)))
    marker =
      textIn(page, 'IsTruncated') === 'true' ? textIn(page, 'NextMarker') || (keys.at(-1) ?? null) : null
  }
  // Another stage's name may begin with this one's.
  const found = keys.flatMap((key) => {
    const timestamp = key.startsWith(prefix)
      ? /^(\d{10})\.json$/.exec(key.slice(prefix.length))?.[1]
      : undefined
    return timestamp === undefined ? [] : [{ key, timestamp }]
  })
  return Promise.all(
    found.map(async ({ key, timestamp }) => {
      const { ServiceZipName } = JSON.parse(await get(`/${key}`)) as { ServiceZipName: string }
      return { timestamp, zip: ServiceZipName }
    }),
  )
}
