/**
 * Why a client library failed, fit for a person: a system error's code (`ECONNREFUSED`), else the first line of the message. Never the rest of
 * the error, on which libraries hang commands and addresses.
 */
export function reasonOf(error: unknown): string {
  const { code, syscall, message } = error as { code?: unknown; syscall?: unknown; message?: unknown }
  if (typeof code === 'string' && (typeof syscall === 'string' || !message)) return code
  return String(message).split('\n', 1)[0] ?? ''
}
