import { parseArgs } from 'node:util'

type Flag = { readonly type: 'boolean' | 'string'; readonly short?: string }

/** A command line that cannot be understood; the message names what is known. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Reads the command line. Throws a UsageError that lists the options when one is unknown or lacks its value. */
export function readArguments(
  args: readonly string[],
  flags: Readonly<Record<string, Flag>>,
): {
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  readonly operands: readonly string[]
} {
  const options = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, { ...flag }]))
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const known = Object.keys(flags).map((name) => `--${name}`)
  const values: Record<string, string | boolean> = {}
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined
    if (flag === undefined) throw new UsageError(`unknown option ${token.rawName}; use: ${known.join(', ')}`)
    if (flag.type === 'string' && !token.value) throw new UsageError(`${token.rawName} needs a value`)
    if (flag.type === 'boolean' && token.value !== undefined)
      throw new UsageError(`${token.rawName} takes no value`)
    values[token.name] = token.value ?? true
  }
  return { values, operands: tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : [])) }
}
