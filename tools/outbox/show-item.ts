import { gunzipSync } from 'node:zlib'
import type { ParkedItem } from '../../src/stores/store'
import { harmless } from '../local/harmless'
import { onOneLine, printJson, readable, shown, type WithoutTokens } from './print'

/** One item, whole. */
export function showItem(item: ParkedItem, json: boolean, withoutTokens: WithoutTokens): void {
  const { payload } = item
  const bytes = bytesIn(payload)
  const body = bytes === null ? {} : { body: bytes.toString('utf8') }
  if (json) {
    // The name that 0.1 gave it: programs read this.
    printJson(
      { ...readable(item), parcel: withoutTokensInBody(payload, withoutTokens), ...body },
      withoutTokens,
    )
    return
  }
  const facts = [
    ['id', item.id],
    ['status', item.status],
    ['since', shown(item.parkedAt)],
    ['tries', String(item.tries)],
    ['next try', item.status === 'waiting' ? shown(item.dueAt) : '-'],
    ['last error', item.lastError ?? '-'],
    ['kind', payload.kind],
  ]
  console.log(facts.map(([name = '', value = '']) => name.padEnd(12) + onOneLine(value)).join('\n'))
  console.log(`\n${harmless(withoutTokens(body.body ?? JSON.stringify(payload, null, 2)))}`)
}

/** The body that was parked; null: none was. */
function bytesIn(payload: ParkedItem['payload']): Buffer | null {
  if (payload.kind === 'rest') return gunzipSync(Buffer.from(payload.bodyGzip, 'base64'))
  return 'bodyBase64' in payload ? Buffer.from(payload.bodyBase64, 'base64') : null
}

function withoutTokensInBody(payload: ParkedItem['payload'], withoutTokens: WithoutTokens): unknown {
  // The body is shown beside it.
  if (payload.kind === 'rest') return { kind: payload.kind }
  if (!('bodyBase64' in payload)) return payload
  const body = Buffer.from(payload.bodyBase64, 'base64').toString('utf8')
  const clean = withoutTokens(body)
  return clean === body ? payload : { ...payload, bodyBase64: Buffer.from(clean).toString('base64') }
}
