/** What one check of the doctor found. */
export type Finding =
  | { readonly verdict: 'ok'; readonly what: string }
  | { readonly verdict: 'warn' | 'FAIL'; readonly what: string; readonly remedy: string }

export const ok = (what: string): Finding => ({ verdict: 'ok', what })
export const warn = (what: string, remedy: string): Finding => ({ verdict: 'warn', what, remedy })
export const fail = (what: string, remedy: string): Finding => ({ verdict: 'FAIL', what, remedy })
