/** The note of the outages that the team was told of, by destination. */
export const OUTAGES_NOTE = 'outages'
