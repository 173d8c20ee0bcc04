declare const RELAY_VERSION: string

/** Of package.json; put in by the build. */
export const version = typeof RELAY_VERSION === 'string' ? RELAY_VERSION : 'unbuilt'
