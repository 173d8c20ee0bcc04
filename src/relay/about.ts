import type { Notes } from '../stores/store'
import type { Answer } from '../gateway/answer'
import { LAST_SWEEP, lastSweepTime } from './last-sweep'
import { timed } from '../outbox/timed'
import { OLD_TOKEN } from './old-token'
import type { Services } from '../services'

/** What a person sees who opens the URL: schemes, never secrets; and whether the sweep runs. */
export async function about(services: Services): Promise<Answer['body']> {
  const { queue, channels, store, verify, language, tokens, about: more } = services
  return {
    service: 'cos-callback-relay',
    ...more,
    queue: queue?.scheme ?? null,
    alerts: channels.map(({ channel }) => channel.scheme),
    store: store?.scheme ?? null,
    verify,
    alertLang: language,
    ...(store && (await lastSweep(store))),
    ...(store && tokens.length > 1 && (await oldToken(store))),
  }
}

/** Null: none has ended yet. Absent when the store does not say it soon. */
async function lastSweep(store: Notes): Promise<{ readonly lastSweep?: string | null }> {
  try {
    return { lastSweep: lastSweepTime(await timed(() => store.note(LAST_SWEEP))) }
  } catch {
    return {}
  }
}

/** When somebody last came by a token that is to go; null: nobody has. */
async function oldToken(store: Notes): Promise<{ readonly oldToken?: string | null }> {
  try {
    const at = Number(await timed(() => store.note(OLD_TOKEN)))
    return { oldToken: at > 0 ? new Date(at).toISOString() : null }
  } catch {
    return {}
  }
}
