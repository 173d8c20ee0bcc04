import { words as en } from '../../src/alerts/words/en'
import { words as zh } from '../../src/alerts/words/zh'

export const WORDS = { en, zh } as const
