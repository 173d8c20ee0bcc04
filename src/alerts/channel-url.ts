import { CONDITION_NAMES } from '../net/condition-names'
import { endpointOf } from '../net/endpoint'
import { type Conditions, conditionsIn, type MentionForm } from './conditions'

export interface ChannelUrl {
  /** Host and path segments, decoded. */
  readonly keys: readonly string[]
  readonly parameters: URLSearchParams
  readonly conditions: Conditions
}

/** What a URL may have besides its keys. */
export interface ChannelUrlForm {
  /** For instance `wecom://KEY`. */
  readonly shape: string
  readonly parameters?: readonly string[]
  /** Null: the channel mentions nobody. */
  readonly mention: MentionForm | null
}

/**
 * Reads `scheme://KEY[/KEY…][?parameter=…]`. Throws an Error that shows the expected `shape` and nothing of the URL itself: each part of it
 * may be a key.
 */
export function readChannelUrl(url: string, { shape, parameters = [], mention }: ChannelUrlForm): ChannelUrl {
  const [scheme = '', rest = ''] = shape.split('://')
  const parsed = URL.canParse(url) ? new URL(url) : null
  const keys = parsed === null ? [] : [parsed.host, ...parsed.pathname.split('/').slice(1)].map(decodedPart)
  if (keys.length > 1 && keys.at(-1) === '') keys.pop()
  if (
    parsed === null ||
    parsed.username !== '' ||
    parsed.password !== '' ||
    parsed.hash !== '' ||
    keys.length !== rest.split('/').length ||
    !keys.every((key) => /^[\w.~-]+$/.test(key))
  ) {
    throw new Error(
      `${scheme}: the URL must look like ${shape}, with the key and not the whole address of the robot`,
    )
  }
  const conditions = conditionsIn(scheme, parsed.searchParams, mention)
  const known = [
    ...parameters,
    ...CONDITION_NAMES.filter((name) => name !== 'mention' || mention !== null),
    'endpoint',
  ]
  for (const name of parsed.searchParams.keys()) {
    // The name is not shown: a secret may stand where a name belongs.
    if (!known.includes(name))
      throw new Error(`${scheme}: unknown parameter in the URL; known are: ${known.join(', ')}`)
    if (parsed.searchParams.get(name) === '') throw new Error(`${scheme}: the parameter ${name} is empty`)
  }
  return { keys, parameters: parsed.searchParams, conditions }
}

/** The address on the public host, or on the loopback address that `?endpoint=` names; path and query are the same on both. */
export function addressOf(
  scheme: string,
  parameters: URLSearchParams,
  publicHost: string,
  path: string,
): URL {
  try {
    return new URL(path, endpointOf(parameters, publicHost))
  } catch (error) {
    throw new Error(`${scheme}: ${error instanceof Error ? error.message : 'bad endpoint'}`, { cause: error })
  }
}

function decodedPart(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
