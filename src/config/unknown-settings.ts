import { distance } from 'fastest-levenshtein'
import { SETTINGS } from './settings'

const NAMES = SETTINGS.map(({ name }) => name)

/** A name that is no setting but was meant to be one, and the setting that comes nearest. */
export interface UnknownSetting {
  readonly name: string
  readonly nearest: string
}

/** Among the names of an environment those that are nearly a setting's: what stands there would be passed over in silence. */
export function unknownSettings(names: Iterable<string>): readonly UnknownSetting[] {
  return [...names].flatMap((name) => {
    if (NAMES.includes(name)) return []
    const nearest = nearestOf(name, NAMES)
    const mayDiffer = name.length < 8 ? 1 : 2
    const isMeant =
      nearest !== null && nearest.length >= 5 && distance(name.toUpperCase(), nearest) <= mayDiffer
    return isMeant ? [{ name, nearest }] : []
  })
}

/** The one among `known` that a word is nearest to; null: it is like none. */
export function nearestOf(word: string, known: readonly string[]): string | null {
  const ranked = known
    .map((one) => ({ one, away: distance(word.toUpperCase(), one.toUpperCase()) }))
    .sort((a, b) => a.away - b.away)
  const [best] = ranked
  return best !== undefined && best.away <= Math.max(2, word.length / 3) ? best.one : null
}
