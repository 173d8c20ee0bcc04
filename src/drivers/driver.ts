import type { DriverContext } from './driver-context'
import type { Endpoint } from '../net/endpoint'

/** An action of the cloud that the function's role must be allowed: `cos:GetObject`. */
export type Permission = string

/** What an opened target says of itself, so that nobody else has to know its scheme. */
export interface TargetFacts {
  /** The URL's scheme, as shown to people: `amqp`. */
  readonly scheme: string
  /** Whatever its URL gives away to be let in: blanked out of every line. */
  readonly secrets: readonly string[]
  /** The hosts that it talks to; none: a place on this machine. */
  readonly endpoints: readonly Endpoint[]
  /** What the function's role must be allowed for it. */
  readonly needs: readonly Permission[]
}

/** One file's worth of knowledge about a kind of target. */
export interface Driver<Target extends TargetFacts> {
  readonly schemes: readonly string[]
  /** The form of its URL, as shown in errors and in the docs: `kafka://user:password@host:9092/TOPIC`. */
  readonly form: string
  /** Does not touch the network. Throws an Error that says what is wrong with the URL, never the URL itself. */
  readonly open: (url: string, context: DriverContext) => Target
}

/** For an embedded target: no host, no secret, no permission. */
export const EMBEDDED = { secrets: [], endpoints: [], needs: [] } as const
