import { words as english } from './words/en'
import type { Language, Words } from './words/words'

/** The words of a language. Any but English is loaded when it is first used. */
export async function wordsOf(language: Language): Promise<Words> {
  return language === 'en' ? english : (await import('./words/zh')).words
}
