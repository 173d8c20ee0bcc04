import type { Notice } from '../callback/notice'
import type { Services } from '../services'

/** The bucket that the callback names; where it names none, those that RECONCILE has for its workflow. */
export function bucketsToAsk(
  { bucketsOf }: Services,
  { bucket, workflow, askedAt }: Notice,
): readonly string[] {
  if (askedAt === 'none') return []
  if (bucket !== null) return [bucket]
  const id = workflow?.id ?? null
  return id === null ? [] : bucketsOf(id)
}
