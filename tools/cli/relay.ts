import { invokeCommand } from '../local/invoke'
import { harmless } from '../local/harmless'
import { outboxCommand } from '../outbox/command'
import { startCommand } from '../local/start'
import { isHelp, newCommand, UsageError } from './command'

/** How a tool calls itself, and ends when it was called wrongly. */
const TOOLS = {
  start: { shown: 'npm start', wrongCall: 1 },
  invoke: { shown: 'npm run invoke', wrongCall: 1 },
  outbox: { shown: 'outbox', wrongCall: 2 },
} as const

const program = newCommand('relay', 'start | invoke | outbox | bench [options]')
  .description('Runs the built function on this machine, looks into its store, and measures it.')
  .addCommand(startCommand())
  .addCommand(invokeCommand())
  .addCommand(outboxCommand())
// Has no need of what is built here: relay.mjs runs it.
program.command('bench').description('measure the function: npm run bench -- --help')

// Whoever read the output has had enough of it.
process.stdout.on('error', () => process.exit(1))

program.parseAsync(process.argv).catch((error: unknown) => {
  if (isHelp(error)) return
  const name = String(process.argv[2])
  const { shown, wrongCall } = Object.hasOwn(TOOLS, name)
    ? TOOLS[name as keyof typeof TOOLS]
    : { shown: 'relay', wrongCall: 2 }
  const isUsage = error instanceof UsageError
  process.stderr.write(`${shown}: ${harmless(error instanceof Error ? error.message : String(error))}\n`)
  if (isUsage && name === 'outbox') process.stderr.write('See: npm run outbox -- --help\n')
  process.exitCode = isUsage ? wrongCall : 1
})
