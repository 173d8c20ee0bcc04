const COMMAND = /`npx serverless ([^`]+)`/g
const OUTBOX = /`npm run outbox ([^`]+)`/g

/** What a command was told on its own command line, which the next one has to be told, too. */
export interface CommandLine {
  readonly stage: string
  /** DEPLOY_STAGE, of the environment or `.env`. */
  readonly usualStage: string | null
  /** `--param NAME=value`. None is secret. */
  readonly params: Readonly<Record<string, string>>
}

/** The command of these words, whole. */
export function wholeCommand(words: string, line: CommandLine): string {
  return completeHints(`\`npx serverless ${words}\``, line).slice(1, -1)
}

/** Completes every command that a text names, so that it can be pasted as it stands and acts on the same functions. */
export function completeHints(text: string, { stage, usualStage, params }: CommandLine): string {
  const told = stage === (usualStage ?? 'dev') ? '' : ` --stage ${quoted(stage)}`
  const rest = Object.entries(params)
    .filter(([name]) => name !== 'stage')
    .map(([name, value]) => ` --param ${quoted(`${name}=${value}`)}`)
    .join('')
  return text
    .replaceAll(COMMAND, (_, words: string) => {
      const stageToo = / --stage /.test(words) ? '' : told
      return `\`npx serverless ${words}${stageToo}${rest}\``
    })
    .replaceAll(OUTBOX, (_, words: string) =>
      told === ''
        ? `\`npm run outbox ${words}\``
        : `\`DEPLOY_STAGE=${quoted(stage)} npm run outbox ${words}\``,
    )
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
