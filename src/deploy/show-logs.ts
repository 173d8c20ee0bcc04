import { harmlessJson } from '../local/harmless'
import { findFunction } from './functions'
import type { Session } from './session'
import { textOption } from './serverless'

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** `serverless logs -f NAME [--startTime 10m] [--filter WORDS]`: the function's lines in CLS, oldest first. */
export async function showLogs(session: Session): Promise<void> {
  const { call, options, region } = session
  const name = session.functionName(textOption(options, 'function') ?? 'callback')
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
  const answer = await call('cls', 'SearchLog', {
    TopicId: found.clsTopic,
    From: from,
    To: now,
    Query: `SCF_FunctionName:"${name}"${words === null ? '' : ` AND "${words.replace(/["\\]/g, ' ')}"`}`,
    SyntaxRule: 1,
    Sort: 'desc',
    Limit: 1000,
  })
  const results = ((answer['Results'] ?? []) as { Time: number; LogJson?: string }[]).toReversed()
  for (const { Time, LogJson } of results)
    session.print(`${new Date(Time).toISOString()} ${harmlessJson(lineOf(LogJson))}`)
  session.log.notice(
    `${results.length} lines since ${new Date(from).toISOString()}${results.length === 1000 ? ' (the newest 1000: give a later --startTime to see fewer)' : ''}`,
  )
}

/** `10m`, `2h`, or a time; ms since the epoch. */
export function startOf(text: string, now: number): number {
  const span = /^(\d+)([smhd])$/.exec(text)
  if (span) return now - Number(span[1]) * (UNITS[String(span[2])] ?? 0) * 1000
  const at = Date.parse(text)
  if (Number.isNaN(at))
    throw new Error(
      `--startTime ${text}: give a span such as 30m, 2h or 1d, or a time such as 2026-01-31T08:00:00Z.`,
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
