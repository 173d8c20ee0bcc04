import fc from '../../support/properties'
import {
  folderOf,
  lineIn,
  namesDueAt,
  placeOf,
  readName,
  turnIn,
} from '../../../src/stores/folder/item-place'
import { type Line, type LineKind, lineOf } from '../../../src/stores/line'
import { messageItem, STRANGE } from '../../support/store-setup'

const KINDS: readonly LineKind[] = [
  'waiting',
  'digest',
  'aside',
  'aside-told',
  'unchecked',
  'unchecked-told',
  'dead',
  'quarantined',
]
const time = fc.double({ noNaN: true, min: -8.64e15, max: 8.64e15 })
const nameIn = (place: string): string => place.split('/').at(-1) ?? ''

test('a name gives back the times that made it, and sorts by arrival, then by id', () => {
  fc.assert(
    fc.property(time, time, time, fc.nat(), (a, b, dueAt, waitMs) => {
      const one = messageItem('one', { parkedAt: a, dueAt, waitMs })
      const two = messageItem('two', { parkedAt: b, dueAt, waitMs })
      const [first, second] = [nameIn(placeOf(one)), nameIn(placeOf(two))]
      expect(readName(first, lineOf(one))).toMatchObject({ parkedAt: a + 0, dueAt: dueAt + 0, waitMs })
      if (a !== b) expect(first < second).toBe(a < b)
    }),
  )
})

test('in a line without order it sorts by when it is due', () => {
  fc.assert(
    fc.property(time, time, time, (a, b, parkedAt) => {
      const one = messageItem('one', { status: 'dead', dueAt: a, parkedAt })
      const two = messageItem('two', { status: 'dead', dueAt: b, parkedAt })
      const [first, second] = [nameIn(placeOf(one)), nameIn(placeOf(two))]
      expect(readName(first, lineOf(one))).toMatchObject({ parkedAt: parkedAt + 0, dueAt: a + 0 })
      if (a !== b) expect(first < second).toBe(a < b)
      expect(first.startsWith(namesDueAt(a))).toBe(true)
    }),
  )
})

test('no time is in nobody’s way', () => {
  for (const parkedAt of [NaN, Infinity, -Infinity, -0, 5e-324])
    expect(nameIn(placeOf(messageItem('x', { parkedAt })))).toMatch(/^[0-9a-f]{16}\./)
  expect(placeOf(messageItem('x', { parkedAt: -0 }))).toBe(placeOf(messageItem('x', { parkedAt: 0 })))
})

test('the folder of a line tells which it is, unless its destination is long', () => {
  const destinations = fc.oneof(fc.constantFrom(...STRANGE), fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(destinations, fc.constantFrom(...KINDS), (destination, kind) => {
      const line: Line = { kind, destination }
      const folder = folderOf(line)
      expect(folder).toMatch(/^[a-z-]+~[a-z0-9=~-]{0,60}$/)
      const found = lineIn(folder)
      expect(found?.kind).toBe(kind)
      expect([destination, null]).toContain(found?.destination)
      if (Buffer.byteLength(destination) <= 20) expect(found?.destination).toBe(destination)
    }),
  )
})

test.each([
  '',
  'waiting',
  'asleep~queue',
  'waiting~A',
  'waiting~=4',
  'waiting~=61',
  'waiting~~x',
  '__proto__~x',
])('no line has the folder %j', (folder) => {
  expect(lineIn(folder)).toBeNull()
})

test('the turn is that of the group, or of the item alone', () => {
  const one = messageItem('one')
  const two = messageItem('two')
  expect(turnIn(placeOf(one))).toBe(turnIn(placeOf(two)))
  const [dead, other] = [one, two].map((item) => placeOf({ ...item, status: 'dead' })) as [string, string]
  expect(turnIn(dead)).not.toBe(turnIn(other))
  expect(turnIn('outbox/dead~x')).toBe('')
})

test('the longest place fits into a key behind the longest prefix', () => {
  const item = messageItem('x'.repeat(200), {
    group: `unchecked-told-${'名'.repeat(900)}`,
    dueAt: 8.64e15,
    waitMs: Number.MAX_SAFE_INTEGER,
  })
  expect(600 + 1 + placeOf(item).length).toBeLessThanOrEqual(850)
  const waiting = messageItem('x', { group: `${'名'.repeat(900)}${'y'.repeat(23)}` })
  expect(600 + 1 + placeOf(waiting).length).toBeLessThanOrEqual(850)
})
