/** What the relay says to the sender of a request, before any gateway's form (docs/answers.md). */
export interface Answer {
  readonly status: 200 | 400 | 401 | 403 | 405 | 413 | 503
  readonly headers?: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
}

export function refusal(status: Exclude<Answer['status'], 200>, error: string, message?: string): Answer {
  return { status, body: message === undefined ? { error } : { error, message } }
}

/** 503: the sender should come again, in whole seconds. */
export function comeAgain(
  error: string,
  message: string,
  afterMs: number,
  more: Answer['body'] = {},
): Answer {
  const seconds = Math.max(1, Math.ceil(afterMs / 1000))
  return { status: 503, headers: { 'Retry-After': String(seconds) }, body: { error, message, ...more } }
}
