/** Lets what is about one piece of work be done one after the other, in the order in which it was asked for. Null: of no piece of work. */
export type Turns = <T>(work: string | null, act: () => Promise<T>) => Promise<T>

/** What is about one piece of work is settled in the order of the body: its success must find the incident that its failure opened. */
export function turns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return async (work, act) => {
    if (work === null) return act()
    const before = last.get(work)
    const own = before === undefined ? act() : before.then(act, act)
    last.set(work, own)
    try {
      return await own
    } finally {
      // A body may be about tens of thousands.
      if (last.get(work) === own) last.delete(work)
    }
  }
}
