import type { Driver, TargetFacts } from './driver'
import type { DriverContext } from './driver-context'
import { misspelt } from '../net/driver-url'

/** Where a driver's file is, which is loaded when its scheme is used; or, of one that needs no network, the driver itself: index.js runs by itself with it. */
type Line<Target extends TargetFacts> = Driver<Target> | (() => Promise<{ readonly driver: Driver<Target> }>)

/** One line a driver. */
export type Drivers<Target extends TargetFacts> = Readonly<Record<string, Line<Target>>>

/**
 * Opens what a URL names, without touching the network. Rejects with an Error that says what is wrong, never the URL itself; it names the scheme only
 * when that is surely a misspelt one: what stands before the first colon of something pasted by mistake may be half a secret.
 */
export async function openTarget<Target extends TargetFacts>(
  kind: string,
  url: string,
  context: DriverContext,
  drivers: Drivers<Target>,
): Promise<Target> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? ''
  const driver = await driverOf(scheme, drivers)
  if (driver !== null) return driver.open(url, context)
  const known = (await allDrivers(drivers)).flatMap(({ schemes }) => schemes)
  const meant = misspelt(scheme, known)
  const which = meant === null ? 'this scheme' : `the scheme "${scheme}" (did you mean ${meant}?)`
  throw new Error(`no ${kind} has ${which}; known: ${known.join(', ')}`)
}

/** A scheme with an `s` at its end is the one without, over TLS: one file knows both. */
async function driverOf<Target extends TargetFacts>(
  scheme: string,
  drivers: Drivers<Target>,
): Promise<Driver<Target> | null> {
  const name = [scheme, scheme.replace(/s$/, '')].find((one) => Object.hasOwn(drivers, one))
  const line = name === undefined ? undefined : drivers[name]
  if (line === undefined) return null
  const driver = await loaded(line)
  return driver.schemes.includes(scheme) ? driver : null
}

async function loaded<Target extends TargetFacts>(line: Line<Target>): Promise<Driver<Target>> {
  return typeof line === 'function' ? (await line()).driver : line
}

/** Every driver, once. */
export async function allDrivers<Target extends TargetFacts>(
  drivers: Drivers<Target>,
): Promise<readonly Driver<Target>[]> {
  return [...new Set(await Promise.all(Object.values(drivers).map(loaded)))]
}
