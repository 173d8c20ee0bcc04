import { words as en } from '../../src/relay/words/en'
import { words as zh } from '../../src/relay/words/zh'

export const WORDS = { en, zh } as const
