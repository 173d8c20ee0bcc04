import type { Language, Words } from './words/words'

/** The words of a language. They are loaded with the first alert: most callbacks have none. */
export async function wordsOf(language: Language): Promise<Words> {
  return (await (language === 'zh' ? import('./words/zh') : import('./words/en'))).words
}
