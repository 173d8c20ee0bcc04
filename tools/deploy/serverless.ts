/** What this plugin uses of serverless 3, which brings no types. */

export interface ServerlessFunction {
  name?: string
  handler: string
  timeout?: number | string
  memorySize?: number | string
  environment?: { variables?: Record<string, unknown> }
  events: Record<string, unknown>[]
}

export interface HookEntry {
  readonly pluginName: string
  hook: () => unknown
}

export interface Serverless {
  readonly serviceDir: string
  readonly processedInput: { readonly commands: readonly string[]; readonly options: Options }
  readonly configurationInput: object
  readonly classes: { readonly Error: new (message: string, code?: string) => Error }
  readonly cli: { log: (message: unknown) => void }
  readonly service: {
    readonly service: string
    readonly provider: {
      readonly stage?: string
      readonly region?: string
      readonly credentials?: string
      readonly memorySize?: number | string
      readonly runtime?: string
      readonly role?: string
      readonly enableRoleAuth?: boolean | string
      readonly cosBucket?: string
      vpcConfig?: { readonly vpcId?: string; readonly subnetId?: string }
      readonly environment?: { readonly variables?: Record<string, unknown> }
    }
    readonly custom?: {
      readonly relay?: {
        readonly trigger?: string
        readonly serviceId?: string
        readonly logs?: string
        readonly concurrency?: string | number
      }
    }
    readonly functions: Record<string, ServerlessFunction>
    package: { artifact?: string; path?: string }
  }
  readonly pluginManager: {
    readonly hooks: Record<string, HookEntry[] | undefined>
    readonly plugins: readonly object[]
  }
}

/** The command line. serverless keeps one object for all plugins and they pass values to one another in it. */
export type Options = Record<string, unknown>

export interface Writers {
  readonly log: { readonly notice: (text?: string) => void; readonly warning: (text?: string) => void }
  /** To stdout: what the command was asked for, as opposed to its progress. */
  readonly writeText: (text: string | readonly string[]) => void
}

export function textOption(options: Options, name: string): string | null {
  const value = options[name]
  return typeof value === 'string' && value !== '' ? value : null
}
