/** What a channel's URL may ask of its messages. No key: alerts and logs hold it. */
export const CONDITION_NAMES = ['keyword', 'mention', 'fallback'] as const

/** Whether `name=value` is one of them. */
export function isCondition(part: string): boolean {
  return CONDITION_NAMES.some((name) => part.startsWith(`${name}=`))
}
