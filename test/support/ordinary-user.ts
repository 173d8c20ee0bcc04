/**
 * A command and its arguments so that folder permissions hold for it: root, whom they do not bind, runs it without the power to pass them over (setpriv
 * is part of every Debian).
 */
export function asOrdinaryUser(command: string, args: readonly string[]): readonly [string, string[]] {
  if (process.getuid?.() !== 0) return [command, [...args]]
  return ['setpriv', ['--bounding-set=-dac_override,-dac_read_search', command, ...args]]
}
