import type { Credentials } from '../../src/tencent/credentials'
import type { CallApi } from './cloud/cloud-api'
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
  /** `npx serverless WORDS`, with what it has to be told to act on the same functions. */
  readonly command: (words: string) => string
  readonly region: string
  readonly showToken: boolean
  /** The name that a function of serverless.yml has in the cloud. */
  readonly functionName: (name: string) => string
  /** `.env` or `.env.<stage>`; null: there is none. */
  readonly dotenvName: string | null
  /** Whether CALLBACK_TOKEN was taken from there, not from the environment. */
  readonly tokenIsFromFile: boolean
  /** From here on these are hidden, too, in whatever is printed: a token that was made just now, or that only the deployed function has. */
  readonly hideToo: (tokens: readonly string[]) => void
  /** The first token: the one that goes into the URL. Null when none is set here. */
  readonly token: string | null
}
