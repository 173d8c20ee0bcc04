import { misspelt } from './driver-url'

/**
 * What the table has for the scheme of a URL, '' when it has none. Throws an Error with the schemes known; it names the one given only when that is surely a misspelt
 * one: what stands before the first colon of something pasted by mistake may be half a secret.
 */
export function driverOf<T>(kind: string, scheme: string, drivers: Readonly<Record<string, T>>): T {
  const driver = Object.hasOwn(drivers, scheme) ? drivers[scheme] : undefined
  if (driver !== undefined) return driver
  const known = Object.keys(drivers)
  const meant = misspelt(scheme, known)
  const which = meant === null ? 'this scheme' : `the scheme "${scheme}" (did you mean ${meant}?)`
  throw new Error(`no ${kind} has ${which}; known: ${known.join(', ')}`)
}
