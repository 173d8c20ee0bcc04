import type { Credentials } from '../tencent/credentials'
import type { CallApi } from './cloud-api'
import type { Options, Serverless, Writers } from './serverless'

/** What a command has to work with. */
export interface Session {
  readonly serverless: Serverless
  readonly options: Options
  /** What these print may come from outside: it is made harmless for a terminal. */
  readonly log: Writers['log']
  readonly print: (lines: string | readonly string[]) => void
  /** Throws when there are none. */
  readonly credentials: () => Credentials
  readonly call: CallApi
  readonly stage: string
  readonly region: string
  readonly showToken: boolean
  /** The name that a function of serverless.yml has in the cloud. */
  readonly functionName: (name: string) => string
  /** The first token: the one that goes into the URL. Null when none is set here. */
  readonly token: string | null
}
