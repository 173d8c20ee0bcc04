import { fewAtOnce } from '../../../src/relay/few-at-once'

test('begins in order, sixteen at a time, and gives the results in order', async () => {
  const begun: number[] = []
  let underWay = 0
  let most = 0
  const items = Array.from({ length: 100 }, (_, index) => index)
  const results = await fewAtOnce(items, async (item) => {
    begun.push(item)
    most = Math.max(most, (underWay += 1))
    // The later ones end sooner.
    for (let turns = 100 - item; turns > 0; turns -= 1) await Promise.resolve()
    underWay -= 1
    return item * 2
  })
  expect(begun).toEqual(items)
  expect(results).toEqual(items.map((item) => item * 2))
  expect(most).toBe(16)
})

test('fewer than that, and none', async () => {
  expect(await fewAtOnce(['a', 'b'], async (item) => Promise.resolve(item))).toEqual(['a', 'b'])
  expect(await fewAtOnce([], async () => Promise.reject(new Error('never asked')))).toEqual([])
})

test('whatever can be gone through; one that ends early leaves the rest', async () => {
  function* three(): Generator<number> {
    for (let next = 1; next <= 3; next += 1) yield next
  }
  const work = async (item: number, index: number) => Promise.resolve([item, index])
  expect(await fewAtOnce(three(), work, 2)).toEqual([
    [1, 0],
    [2, 1],
    [3, 2],
  ])
})
