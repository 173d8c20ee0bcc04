// Backlogs in files and in a bucket.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from './bundle.mjs'
import { drainBacklog, rowsOfDrained } from './drained.mjs'
import { startChild, startSlowProxy } from './processes.mjs'

const OBJECTS_OF_FILES = 2_000
/** Of one object in the bucket. */
const MESSAGES_EACH = 10
const REQUEST_MS = 20

export async function benchFile(bench) {
  const { say, work, sizes } = bench
  const count = sizes.files
  const objects = Math.min(OBJECTS_OF_FILES, count)
  const folder = mkdtempSync(join(work, 'store-'))
  say(`file: ${count} of ${objects} objects`)
  try {
    const drained = await drainBacklog(bench, { storeUrl: `file:${folder}`, count, objects })
    rowsOfDrained(bench, `${count} messages of ${objects} objects in files`, drained)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export async function benchCos(bench) {
  const { row, sizes } = bench
  const few = sizes.bucket
  const many = 4 * few
  const one = await drainBucket(bench, few)
  const each = one.requests / few
  row(
    `  requests an item delivered, ${MESSAGES_EACH} of an object`,
    each,
    '≤ 3.00',
    each <= 3 && one.verdict.lost === 0,
  )
  const other = await drainBucket(bench, many)
  const growth = other.sweeps.peakMb / one.sweeps.peakMb
  row(
    `  peak RSS, at ${many} / at ${few}`,
    growth,
    '≤ 1.10',
    growth <= 1.1 && one.verdict.lost + other.verdict.lost === 0,
  )
}

async function drainBucket(bench, count) {
  const { say, work, seeds } = bench
  const objects = Math.ceil(count / MESSAGES_EACH)
  say(`cos: ${count} of ${objects} objects`)
  const file = await bundle(join(import.meta.dirname, 'fake-cos-process.ts'), work)
  const fake = startChild(file)
  const { endpoint } = await fake.first()
  const proxy = await startSlowProxy(Number(new URL(endpoint).port), REQUEST_MS)
  const storeAt = (address) => `cos://bench-1250000000/relay?region=ap-guangzhou&endpoint=${address}`
  const { secretId, secretKey, sessionToken } = seeds.CREDENTIALS
  try {
    const drained = await drainBacklog(bench, {
      storeUrl: storeAt(`http://127.0.0.1:${proxy.port}`),
      parkedAt: storeAt(endpoint),
      env: {
        TENCENTCLOUD_SECRETID: secretId,
        TENCENTCLOUD_SECRETKEY: secretKey,
        TENCENTCLOUD_SESSIONTOKEN: sessionToken,
      },
      count,
      objects,
      parked: () => fake.ask('count'),
    })
    const { requests } = await fake.ask('count')
    rowsOfDrained(
      bench,
      `${count} messages of ${objects} objects in a bucket, ${REQUEST_MS} ms a request`,
      drained,
    )
    return { ...drained, requests }
  } finally {
    await proxy.stop()
    await fake.stop()
  }
}
