import {
  numberOf,
  objectOf,
  runIdOf,
  startArrivals,
  type Verdict,
} from '../../../tools/bench/backlog/arrivals.cjs'

const OBJECTS = 3
const SENT = 12
const AS_SENT = Array.from({ length: SENT }, (_, number) => number)

/** What is said of these numbers, in the order in which they came; all in one phase. */
function verdictOn(numbers: readonly number[], sent = SENT, objects = OBJECTS): Verdict {
  const arrivals = startArrivals(objects, SENT)
  for (const number of numbers) arrivals.take(number, objectOf(number, objects))
  return arrivals.verdict(sent)
}

const GOOD: Verdict = { arrived: SENT, lost: 0, again: 0, mostAgain: 0, overtaken: 0, strange: 0 }

test('as sent, nothing is wrong', () => {
  expect(verdictOn(AS_SENT)).toEqual(GOOD)
})

test('objects may overtake one another', () => {
  const byObject = AS_SENT.toSorted((a, b) => (a % OBJECTS) - (b % OBJECTS) || a - b)
  expect(verdictOn(byObject)).toEqual(GOOD)
})

test.each(AS_SENT)('message %i lost', (missing) => {
  expect(verdictOn(AS_SENT.filter((number) => number !== missing))).toEqual({
    ...GOOD,
    arrived: SENT - 1,
    lost: 1,
  })
})

test.each(AS_SENT)('message %i twice, whenever the second comes', (twice) => {
  for (const at of [twice + 1, SENT])
    expect(verdictOn(AS_SENT.toSpliced(at, 0, twice))).toEqual({ ...GOOD, again: 1, mostAgain: 1 })
})

test('a message that changes places with the next of its object is overtaken; with one of another object, it is not', () => {
  for (const number of AS_SENT.slice(0, SENT - OBJECTS)) {
    const swapped = AS_SENT.with(number, number + OBJECTS).with(number + OBJECTS, number)
    expect(verdictOn(swapped)).toEqual({ ...GOOD, overtaken: 1 })
    expect(verdictOn(AS_SENT.with(number, number + 1).with(number + 1, number))).toEqual(GOOD)
  }
})

test('one that comes last of all was overtaken once, however many were ahead', () => {
  expect(verdictOn([...AS_SENT.slice(1), 0])).toEqual({ ...GOOD, overtaken: 1 })
  // All three beginnings, each behind the rest of its object.
  expect(verdictOn([...AS_SENT.slice(3), 0, 1, 2])).toEqual({ ...GOOD, overtaken: 3 })
})

test('a repeat may follow at any distance: it overtakes nobody', () => {
  expect(verdictOn([...AS_SENT, ...AS_SENT])).toEqual({ ...GOOD, again: SENT, mostAgain: SENT })
})

test('a lost one and a double do not make up for each other', () => {
  expect(verdictOn([0, 0, ...AS_SENT.slice(2)])).toEqual({
    ...GOOD,
    arrived: SENT - 1,
    lost: 1,
    again: 1,
    mostAgain: 1,
  })
})

test('repeats are counted by the phase in which the message came before', () => {
  const arrivals = startArrivals(OBJECTS, SENT)
  const take = (number: number, phase: number): void =>
    arrivals.take(number, objectOf(number, OBJECTS), phase)
  for (const number of [0, 1, 2]) take(number, 1)
  for (const number of [2, 3, 4]) take(number, 2)
  for (const number of [0, 3, 4]) take(number, 3)
  expect(arrivals.verdict(5)).toMatchObject({ arrived: 5, again: 4, mostAgain: 2 })
  expect(arrivals.arrived).toBe(5)
})

test('a message that is interrupted again and again is one repeat each time', () => {
  const arrivals = startArrivals(OBJECTS, SENT)
  for (const phase of [1, 2, 3, 4])
    for (const number of [0, 1]) arrivals.take(number, objectOf(number, OBJECTS), phase)
  expect(arrivals.verdict(2)).toMatchObject({ arrived: 2, again: 6, mostAgain: 2 })
})

test('what nobody sent is strange, not missing and not there', () => {
  const arrivals = startArrivals(OBJECTS, SENT)
  for (const number of AS_SENT) arrivals.take(number, objectOf(number, OBJECTS))
  arrivals.take(NaN, objectOf(0, OBJECTS))
  arrivals.take(-1, objectOf(0, OBJECTS))
  arrivals.take(SENT, objectOf(SENT, OBJECTS))
  arrivals.take(0, objectOf(1, OBJECTS))
  expect(arrivals.verdict(SENT)).toEqual({ ...GOOD, strange: 4 })
  // Not given out yet.
  expect(verdictOn([0, 1, 5], 2)).toEqual({ ...GOOD, arrived: 2, strange: 1 })
})

test('more than was made room for is lost', () => {
  expect(verdictOn(AS_SENT, SENT + 2)).toMatchObject({ arrived: SENT, lost: 2 })
})

test('a RunId and its number', () => {
  for (const number of [0, 1, 255, 999_999]) expect(numberOf(runIdOf(number))).toBe(number)
  for (const other of ['', 'i12', undefined, `x${'0'.repeat(32)}`]) expect(numberOf(other)).toBeNaN()
})
