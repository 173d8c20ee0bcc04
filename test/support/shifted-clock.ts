export interface ShiftedClock {
  readonly pass: (ms: number) => Promise<void>
  readonly restore: () => void
}

/** The real time, plus what `pass` has added to it. */
export function shiftedClock(): ShiftedClock {
  const real = Date.now.bind(Date)
  let shift = 0
  const spy = jest.spyOn(Date, 'now').mockImplementation(() => real() + shift)
  return {
    pass: async (ms) => {
      shift += ms
      return Promise.resolve()
    },
    restore: () => spy.mockRestore(),
  }
}
