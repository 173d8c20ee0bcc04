import type { Notice } from '../callback/notice'

/** What the log says of one notice and what became of it. */
export function noteOn(
  { kind, bucket, object, verdict, workflow, odd }: Notice,
  became: { readonly outcome: string; readonly id: string; readonly state: string },
): Readonly<Record<string, unknown>> {
  return {
    outcome: became.outcome,
    kind,
    id: became.id,
    bucket,
    object,
    state: became.state,
    verdict,
    ...(workflow && { workflow: workflow.id }),
    ...(odd.length > 0 && { odd }),
  }
}
