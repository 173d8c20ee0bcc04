import { Command, type CommanderError, InvalidArgumentError } from 'commander'

/** A command line that cannot be understood; the message says what can. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A command that ends nothing by itself: help is printed and the rest not done; what cannot be understood is thrown, as a UsageError. */
export function newCommand(name: string, usage: string): Command {
  const command = new Command(name)
  return command
    .usage(usage)
    .helpOption('--help', 'show this')
    .helpCommand(false)
    .configureOutput({ writeErr: () => undefined })
    .exitOverride((error) => {
      if (error.exitCode !== 0) throw new UsageError(inWords(error, command))
      throw error
    })
}

/** For an option's value. */
export function notEmpty(value: string): string {
  if (value === '') throw new InvalidArgumentError('')
  return value
}

/** Whether a command line was answered by its help. */
export function isHelp(error: unknown): boolean {
  return (error as Partial<CommanderError>).exitCode === 0
}

function inWords({ code, message }: CommanderError, command: Command): string {
  const [, flag = ''] = /'([^' ]+)[^']*'/.exec(message) ?? []
  const known = [...command.options.map(({ long }) => String(long)), '--help']
  switch (code) {
    case 'commander.unknownOption': {
      const [name = ''] = flag.split('=')
      return known.includes(name)
        ? `${name} takes no value`
        : `unknown option ${flag}; use: ${known.join(', ')}`
    }
    case 'commander.optionMissingArgument':
    case 'commander.invalidArgument':
      return `${/--[\w-]+/.exec(message)?.[0] ?? flag} needs a value`
    default:
      return message.replace(/^error: /, '')
  }
}
