import type { Login } from './sasl'

/** What a URL says. */
export interface Target {
  readonly scheme: string
  /** Brokers that know the others, `host:port`. */
  readonly hosts: readonly string[]
  readonly topic: string
  readonly login: Login | null
  readonly isIdempotent: boolean
}
