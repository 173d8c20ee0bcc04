import { harmlessLine } from './harmless'
import { colourOf } from './log-line'
import type { Paint } from './paint'
import type { SampleResult } from './samples'

const HEADINGS = ['event', 'status', 'outcome', 'where it went'] as const

/** The results as a table for a person, with what was wanted under each row that went otherwise. */
export function samplesTable(results: readonly SampleResult[], paint: Paint): string {
  const rows = results.map(({ event, status, outcome, where }) =>
    [event, status === null ? '-' : String(status), outcome, where].map(harmlessLine),
  )
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const padded = (cells: readonly string[]): string[] =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0))
  const lines = results.map(({ status, wanted }, index) => {
    const [event = '', code = '', outcome = '', where = ''] = padded(rows[index] ?? [])
    const row = [event, paint(status === null ? 'dim' : colourOf(status), code), outcome, where]
      .join('  ')
      .trimEnd()
    const mark = wanted === null ? paint('green', '✓') : paint('red', '✗')
    return `${mark} ${row}` + (wanted === null ? '' : `\n    ${paint('red', `wanted: ${wanted}`)}`)
  })
  return [paint('bold', `  ${padded(HEADINGS).join('  ')}`.trimEnd()), ...lines].join('\n')
}
