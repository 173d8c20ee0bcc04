import { secretsIn } from '../../src/config/read-config'

/** What a setting is called whose value nobody may see. */
const SECRET = /TOKEN|URL|SECRET|KEY|PASSWORD/i
const OPTION = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s
/** `NAME=value`, in whatever quotes. */
const SETTING = /^\s*["'`]?([A-Za-z]\w*)["'`]?=(.*)$/s

interface Argument {
  /** The option that it belongs to, or follows; empty for none. */
  readonly option: string
  readonly text: string
}

export function isSecretName(name: string): boolean {
  return SECRET.test(name)
}

/**
 * Why a command line must not be run: it holds a secret, which `ps` shows as long as it runs, and npm's log for good. Null when it holds
 * none. Says no value, nor lets serverless say one. `args`: without the program's own.
 */
export function commandLineProblem(args: readonly string[]): string | null {
  const all = argumentsIn(args)
  const secrets = [...new Set(all.flatMap(secretSetting))]
  if (secrets.length > 0)
    return `No secret is taken by --param, nor by any other argument, since \`ps\` shows it and npm's log (~/.npm/_logs) keeps it: put ${secrets.join(' and ')} into the environment or .env, with a new value, for the old one has been written down.`
  // serverless would repeat it, whatever it is.
  return all.some(({ option, text }) => option === 'param' && !SETTING.test(text))
    ? '--param takes NAME=value, and something else was given.'
    : null
}

function argumentsIn(args: readonly string[]): readonly Argument[] {
  let option = ''
  return args.flatMap((arg) => {
    const [, name, value] = OPTION.exec(arg) ?? []
    if (name === undefined) return [{ option, text: arg }]
    option = name
    return value === undefined ? [] : [{ option, text: value }]
  })
}

function secretSetting({ option, text }: Argument): readonly string[] {
  if (/^[A-Z]/.test(option) && isSecretName(option)) return [option]
  const [, name = '', value = ''] = SETTING.exec(text) ?? []
  if (!isSecretName(name)) return []
  switch (option) {
    // Texts, which may hold anything.
    case 'data':
    case 'd':
    case 'filter':
      return []
    // `invoke local --env QUEUE_URL=file:x` gives nothing away.
    case 'env':
    case 'e':
      return secretsIn({ [name]: value }).length > 0 ? [name] : []
    default:
      return [name]
  }
}
