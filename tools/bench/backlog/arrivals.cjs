// Who is who among the messages of the bench, and what is wrong with an order of arrival. A message is a number; the objects take turns, so that the
// number also says which message of its object it is. No I/O: test/bench/arrivals.test.ts shows that it notices what it is there for.

exports.runIdOf = (number) => `i${number.toString(16).padStart(32, '0')}`

exports.numberOf = (runId) => (/^i[0-9a-f]{32}$/.test(runId) ? parseInt(runId.slice(1), 16) : NaN)

const objectOf = (number, objects) => `input/2026/clip-${number % objects}.mp4`
exports.objectOf = objectOf

exports.startArrivals = (objects, most) => {
  /** Of each message, the phase in which it came last; -1: it has not come. */
  const lastIn = new Int32Array(most).fill(-1)
  /** Of each object, the latest of its messages that has come. */
  const latest = new Int32Array(objects).fill(-1)
  const againIn = new Map()
  let arrived = 0
  let overtaken = 0
  let strange = 0
  return {
    take(number, object, phase = 0) {
      if (!(number >= 0 && number < most) || object !== objectOf(number, objects)) {
        strange += 1
        return
      }
      const before = lastIn[number]
      lastIn[number] = phase
      if (before >= 0) {
        againIn.set(before, (againIn.get(before) ?? 0) + 1)
        return
      }
      arrived += 1
      const own = number % objects
      if (number < latest[own]) overtaken += 1
      else latest[own] = number
    },
    get arrived() {
      return arrived
    },
    verdict(sent) {
      const missing = lastIn.subarray(0, sent).reduce((lost, phase) => lost + (phase < 0 ? 1 : 0), 0)
      const known = Math.min(sent, most) - missing
      return {
        arrived: known,
        lost: sent - known,
        again: [...againIn.values()].reduce((sum, count) => sum + count, 0),
        mostAgain: Math.max(0, ...againIn.values()),
        overtaken,
        // A number that was not given out yet.
        strange: strange + arrived - known,
      }
    },
  }
}
