import { LOCAL_TOKEN } from './sample-token'

/**
 * An event of events/ with `token` in the place of its own, public one. Whatever else, an event with another token included, comes
 * back as it is.
 */
export function eventWithToken(text: string, token: string): string {
  let event: unknown
  try {
    event = JSON.parse(text)
  } catch {
    return text
  }
  if (typeof event !== 'object' || event === null) return text
  const { path, queryString } = event as { path?: unknown; queryString?: unknown }
  const changed = {
    ...(typeof path === 'string' && path.endsWith(`/${LOCAL_TOKEN}`)
      ? { path: path.slice(0, -LOCAL_TOKEN.length) + token }
      : {}),
    ...(isLocal(queryString) ? { queryString: { ...queryString, token } } : {}),
    ...(queryString === `token=${LOCAL_TOKEN}` ? { queryString: `token=${token}` } : {}),
  }
  return Object.keys(changed).length === 0 ? text : JSON.stringify({ ...event, ...changed })
}

function isLocal(query: unknown): query is object {
  return typeof query === 'object' && query !== null && (query as { token?: unknown }).token === LOCAL_TOKEN
}
