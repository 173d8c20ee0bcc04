/** Why a body cannot be read; the `error` of a 400. */
export type UnreadableCode =
  | 'empty'
  | 'bad-base64'
  | 'bad-utf8'
  | 'not-xml-or-json'
  | 'malformed-xml'
  | 'malformed-json'
  | 'doctype'
  | 'too-deep'
  /** More elements, attributes or values than a callback can need. */
  | 'too-many'
  /** An id, a State or a name that no callback can need. */
  | 'too-long'
  | 'second-root'
  | 'unknown-document'
  | 'missing-field'
  | 'wrong-type'

/** A body that is no callback. `message` says what is wrong, where, and quotes nothing longer than a name. */
export class UnreadableCallback extends Error {
  override readonly name = 'UnreadableCallback'
  readonly code: UnreadableCode

  constructor(code: UnreadableCode, message: string) {
    super(message)
    this.code = code
  }
}

/** By its name: a file that is loaded by itself has a class of its own. */
export function isUnreadable(error: unknown): error is UnreadableCallback {
  return error instanceof Error && error.name === 'UnreadableCallback'
}
