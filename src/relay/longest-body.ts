/** The longest body that either trigger passes on, in bytes. */
export const LONGEST_BODY = 6 * 1024 * 1024
