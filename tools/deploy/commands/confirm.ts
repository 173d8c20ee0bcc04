import { createInterface } from 'node:readline/promises'
import type { Session } from '../session'

/** Asks before something is done that cannot be taken back; `--yes` is the answer. Throws where there is nobody to ask. */
export async function confirmed({ options }: Session, question: string): Promise<boolean> {
  if (options['yes'] === true) return true
  if (!process.stdin.isTTY) throw new Error(`${question} There is no terminal to answer on: give --yes.`)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
  } finally {
    terminal.close()
  }
}
