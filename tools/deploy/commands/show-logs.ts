import { harmlessJson } from '../../local/harmless'
import { functionOption } from './function-option'
import { findFunction, NAMESPACE } from '../cloud/functions'
import type { Session } from '../session'
import { textOption } from '../serverless'

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** `serverless logs -f NAME [--startTime 10m] [--filter WORDS]`: the function's lines in CLS, oldest first. */
export async function showLogs(session: Session): Promise<void> {
  const { call, options, region } = session
  const name = session.functionName(functionOption(session, 'callback'))
  const found = await findFunction(call, name)
  if (found === null) throw new Error(`${name} is not deployed: run \`npx serverless deploy\`.`)
  const page = `https://console.cloud.tencent.com/scf/list-detail?rid=&ns=default&id=${name}&menu=log (region ${region})`
  if (found.clsTopic === null) {
    session.print([
      `${name} writes to no CLS topic, so its log cannot be read from here. Where to look: the function's page, "Log query":`,
      `  ${page}`,
    ])
    session.print('To read it here, switch log delivery on there (CLS bills what is stored).')
    return
  }
  const now = Date.now()
  const from = startOf(textOption(options, 'startTime') ?? '10m', now)
  const words = textOption(options, 'filter')
  const newest = await search(call, found.clsTopic, queryOf(name, words), from, now)
  for (const { Time, LogJson } of newest.toReversed())
    session.print(`${new Date(Time).toISOString()} ${harmlessJson(lineOf(LogJson))}`)
  session.log.notice(
    `${newest.length} lines since ${new Date(from).toISOString()}${newest.length === MOST ? ` (the newest ${MOST}: give a later --startTime to see fewer)` : ''}`,
  )
}

interface Line {
  readonly Time: number
  readonly LogJson?: string
}

/** Lines that are shown, and that one answer has (614/56447). */
const MOST = 1_000
const PAGE = 100

/** The newest lines first, a page at a time. */
async function search(
  call: Session['call'],
  topic: string,
  query: string,
  from: number,
  to: number,
): Promise<readonly Line[]> {
  const lines: Line[] = []
  for (let context = ''; ;) {
    const answer = await call('cls', 'SearchLog', {
      TopicId: topic,
      From: from,
      To: to,
      QueryString: query,
      QuerySyntax: 1,
      Sort: 'desc',
      Limit: PAGE,
      ...(context !== '' && { Context: context }),
    })
    lines.push(...((answer['Results'] ?? []) as Line[]))
    const { Context, ListOver } = answer
    if (ListOver !== false || typeof Context !== 'string' || Context === '' || lines.length >= MOST)
      return lines.slice(0, MOST)
    context = Context
  }
}

function queryOf(name: string, words: string | null): string {
  const filter = words === null ? '' : ` AND "${words.replace(/["\\]/g, ' ')}"`
  return `SCF_Namespace:"${NAMESPACE}" AND SCF_FunctionName:"${name}"${filter}`
}

/** `10m`, `2h`, or a time; ms since the epoch. */
export function startOf(text: string, now: number): number {
  const span = /^(\d+)([smhd])$/.exec(text)
  if (span) return Math.max(0, now - Number(span[1]) * (UNITS[String(span[2])] ?? 0) * 1000)
  // Date.parse alone takes `2` for a month of 2001.
  const at = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at))
    throw new Error(
      `${text} is no time: give a span such as 30m, 2h or 1d, or a time such as 2026-01-31T08:00:00Z.`,
    )
  return at
}

function lineOf(json: string | undefined): string {
  try {
    const fields = JSON.parse(json ?? '') as { SCF_Message?: unknown }
    return typeof fields.SCF_Message === 'string' ? fields.SCF_Message.trimEnd() : String(json)
  } catch {
    return String(json)
  }
}
