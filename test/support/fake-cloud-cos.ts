export interface CosRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: Buffer
}

export interface CosAnswer {
  readonly status: number
  readonly body: string | Buffer
}

/** The connection ends before the answer. */
export const LOST: CosAnswer = { status: 0, body: '' }

/** An error of COS or CI as they send it. */
export function cosError(status: number, code: string, message = code): CosAnswer {
  return {
    status,
    body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message><RequestId>fake</RequestId></Error>`,
  }
}

/** Buckets and objects, in memory: what a deploy needs of COS. */
export function fakeCos(region: string) {
  const buckets = new Map<string, Map<string, Buffer>>()

  /** Null: a request that this fake does not know. */
  function answer(bucket: string | null, { method, path, query, body }: CosRequest): CosAnswer | null {
    if (bucket === null) {
      if (method !== 'GET' || path !== '/') return null
      const list = [...buckets.keys()].map(
        (name) => `<Bucket><Name>${name}</Name><Location>${region}</Location></Bucket>`,
      )
      return {
        status: 200,
        body: `<ListAllMyBucketsResult><Owner><ID>fake</ID></Owner><Buckets>${list.join('')}</Buckets></ListAllMyBucketsResult>`,
      }
    }
    const key = decodeURIComponent(path.slice(1))
    if (method === 'PUT' && key === '') {
      if (buckets.has(bucket)) return cosError(409, 'BucketAlreadyOwnedByYou')
      buckets.set(bucket, new Map())
      return { status: 200, body: '' }
    }
    const objects = buckets.get(bucket)
    if (objects === undefined) return cosError(404, 'NoSuchBucket', 'The specified bucket does not exist.')
    if (method === 'HEAD' && key === '') return { status: 200, body: '' }
    if (method === 'PUT') {
      objects.set(key, body)
      return { status: 200, body: '' }
    }
    if (method === 'GET' && key === '') {
      const prefix = query.get('prefix') ?? ''
      const list = [...objects]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, content]) => `<Contents><Key>${name}</Key><Size>${content.length}</Size></Contents>`)
      return {
        status: 200,
        body: `<ListBucketResult><Name>${bucket}</Name>${list.join('')}</ListBucketResult>`,
      }
    }
    if (method === 'GET') {
      const content = objects.get(key)
      return content === undefined ? cosError(404, 'NoSuchKey') : { status: 200, body: content }
    }
    return null
  }

  return { buckets, answer }
}
