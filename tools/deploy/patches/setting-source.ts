import { type Setting, settingOf } from '../../../src/config/settings'

/** Of a custom source of serverless 3's variables. */
interface Asked {
  readonly address: string
  readonly options: Readonly<Record<string, unknown>>
}

/**
 * `${setting:NAME}` in serverless.yml: what `--param` says, else the environment (into which `.env` was read), else the default. Not by serverless's own
 * `${param:…, env:…}`, which are read before any plugin is there, take a `${` within a value for a variable again, and repeat a value of which
 * they make no sense.
 */
export const SETTING_SOURCE = {
  resolve: ({ address, options }: Asked): { readonly value: string } => {
    const setting = settingOf(address)
    if (setting === undefined) throw new Error(`\${setting:${address}}: there is no such setting`)
    const value = givenFor(setting, paramsIn(options), process.env) ?? setting.usual
    if (value.includes('${'))
      throw new Error(`${address}: a \${ can be no part of it: serverless would take it for a variable`)
    return { value }
  },
}

/** What `--param` says, else the environment; undefined: neither does. */
export function givenFor(
  { name, param }: Setting,
  params: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  return (param === null ? undefined : params[param]) ?? (env[name] || undefined)
}

/** `--param NAME=value`, as often as it is given: the last of a name counts. */
export function paramsIn(options: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const given = [options['param'] ?? []].flat().map(String)
  return Object.fromEntries(
    given.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)] as const),
  )
}
