import fc from '../../support/properties'
import type { Alert } from '../../../src/alerts/alert'
import { bytesOf, cut, fitAlert, type FittedAlert, oneLine } from '../../../src/alerts/fit'
import { textOf } from '../../../src/alerts/lines'
import { ENGLISH, hostileAlerts, HUGE } from '../../support/sample-alerts'

const within = (bytes: number) => (alert: FittedAlert) => bytesOf(alert.title + textOf(alert)) <= bytes

describe('fitAlert', () => {
  test('an alert that fits stays as it is', () => {
    const { title, facts, items, footer } = ENGLISH
    expect(fitAlert(ENGLISH, within(4096))).toMatchObject({ title, facts, items, footer, more: null })
  })

  test('long reasons are shortened before an item is left out', () => {
    const alert = withItems(5, 2000)
    const fitted = fitAlert(alert, within(4096))
    expect(fitted.items).toHaveLength(5)
    expect(fitted.more).toBeNull()
    for (const item of fitted.items) expect(item.facts[0]!.value).toMatch(/^x{390,}…$/)
  })

  test('items are left out before a reason becomes too short to read', () => {
    const fitted = fitAlert(withItems(100, 2000), within(4096))
    expect(fitted.items.length).toBeGreaterThan(15)
    for (const item of fitted.items) expect(item.facts[0]!.value).toHaveLength(160)
    expect(fitted.more).toBe(`and ${String(100 - fitted.items.length)} more tasks`)
  })

  test('one more item would not have fitted', () => {
    for (const bytes of [700, 2048, 4096, 20_000]) {
      const fitted = fitAlert(HUGE, within(bytes))
      const [one] = fitted.items
      expect(within(bytes)(fitted)).toBe(true)
      expect(within(bytes)({ ...fitted, items: [...fitted.items, one!] })).toBe(false)
    }
  })

  test('any alert of few facts fits 2,048 bytes, with its title, facts and footer', () => {
    fc.assert(
      fc.property(hostileAlerts, (alert) => {
        const fitted = fitAlert(alert, within(2048))
        expect(bytesOf(fitted.title + textOf(fitted))).toBeLessThanOrEqual(2048)
        expect(fitted.title).not.toBe('')
        expect(fitted.facts).toHaveLength(alert.facts.length)
        expect(fitted.footer).toHaveLength(alert.footer.length)
        const left = alert.items.length - fitted.items.length
        expect(fitted.more).toBe(left === 0 ? null : `and ${String(left)} more tasks`)
      }),
    )
  })

  test('what fits of many items fits alone: a digest can be split by it', () => {
    fc.assert(
      fc.property(hostileAlerts, fc.integer({ min: 1000, max: 6000 }), (alert, bytes) => {
        const { items } = fitAlert(alert, within(bytes))
        const part = { ...alert, items: alert.items.slice(0, items.length) }
        expect(fitAlert(part, within(bytes)).items).toHaveLength(items.length)
      }),
    )
  })

  test('and so it does at any limit, however few bytes the number of those left out takes', () => {
    const item = { title: 'x'.repeat(200), facts: [{ label: 'Reason', value: 'y'.repeat(200) }] }
    for (const count of [30, 200, 1200]) {
      const alert: Alert = { ...ENGLISH, items: Array.from({ length: count }, () => item) }
      for (let bytes = 1_200; bytes < 2_400; bytes += 1) {
        const { items } = fitAlert(alert, within(bytes))
        const part = { ...alert, items: alert.items.slice(0, items.length) }
        expect([bytes, fitAlert(part, within(bytes)).items.length]).toEqual([bytes, items.length])
      }
    }
  })

  test('what cannot fit at all comes as short as can be', () => {
    const fitted = fitAlert(HUGE, () => false)
    expect(fitted).toMatchObject({ title: 'Workflo…', items: [], more: 'and 2000 more tasks' })
  })
})

describe('cut', () => {
  test.each([
    ['short', 10, 'short'],
    ['exactly 10', 10, 'exactly 10'],
    ['more than ten', 10, 'more than…'],
    ['', 10, '-'],
    [' \n\t ', 10, '-'],
    ['a\nb\r\n\u2028c\u0000', 10, 'a b c'],
    ['\u001b[31mred', 10, '[31mred'],
    ['evil\u202egnp.exe', 20, 'evil gnp.exe'],
    ['\ud83d lone', 10, '\ufffd lone'],
  ])('%j to %i', (text, longest, expected) => {
    expect(cut(text, longest)).toBe(expected)
  })

  test('never splits a surrogate pair, nor exceeds the length', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.integer({ min: 2, max: 40 }),
        (text, longest) => {
          const result = cut(text, longest)
          expect(result.length).toBeLessThanOrEqual(longest)
          expect(result).not.toMatch(/\p{Surrogate}/u)
          expect(oneLine(result)).toBe(result)
        },
      ),
      { numRuns: 1000 },
    )
    expect(cut('😀😀😀', 4)).toBe('😀…')
    expect(cut('😀😀😀', 5)).toBe('😀😀…')
  })
})

function withItems(count: number, length: number): Alert {
  const items = Array.from({ length: count }, (_, index) => ({
    title: `task ${String(index)}`,
    facts: [{ label: 'Reason', value: 'x'.repeat(length) }],
  }))
  return { ...ENGLISH, items }
}
