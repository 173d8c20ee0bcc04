import { contentsOf, withoutMark } from './document'
import { elementsOf, type Node } from './fields'
import { eventOf } from './kinds/event-name'
import { isConsoleTest } from './kinds/review'
import type { Notice } from './notice'
import type { Notices } from './notices'
import type { Readers, Reading } from './read-callback'

/** So many jobs are read at a time. */
const AT_ONCE = 16
/** Characters. */
const TOGETHER = 64 * 1024
/** Characters. The notices of so much text stay at hand, for the others are read twice. */
const AT_HAND = 1024 * 1024

/** Begin and end of each job, one behind the other. */
type Places = readonly number[]

/**
 * Reads a body as `readCallback` does, but never holds more than a part of it: its jobs, of which there may be tens of thousands, are read a few at a
 * time. All are read once here, to see whether they can be, unless the time is up before; then the others are read when they are asked for. Throws
 * UnreadableCallback, later, too, in the second case.
 */
export function readLongBody(
  body: string,
  keepsRaw: boolean,
  timeIsUp: () => boolean,
  readers: Readers,
): Notices | 'test' {
  const any: number[] = []
  const ifAlone: number[] = []
  const whole = readers.readDocument(body, (isIfAlone, begin, end) => {
    ;(isIfAlone ? ifAlone : any).push(begin, end)
  })
  const document = contentsOf(whole)
  if (isConsoleTest(document)) return 'test'
  const places = document === whole ? any : any.concat(ifAlone)
  const reading = { event: eventOf(document), keepsRaw }
  const count = places.length / 2
  const executions = readers.executionsIn(document, count, reading)
  // Of XML that is a job and nothing else.
  const isJob = elementsOf(document, 'JobsDetail', 'The document').length > 0
  const jobs = jobsAt(withoutMark(body), places, reading, readers)
  const isAny = jobs.look(timeIsUp) || executions.length > 0
  if (isJob || !isAny) return readers.readCallback(body, keepsRaw)
  return {
    length: executions.length + count,
    at: (index) => (index < executions.length ? executions[index] : jobs.at(index - executions.length)),
    get atHand() {
      return executions.length + jobs.atHand
    },
  }
}

interface Jobs {
  /** Reads them until the time is up; whether there is any. */
  look(timeIsUp: () => boolean): boolean
  at(index: number): Notice | undefined
  readonly atHand: number
}

type Batch = readonly (Notice | undefined)[]

function jobsAt(text: string, places: Places, reading: Reading, readers: Readers): Jobs {
  const count = places.length / 2
  const kept: Batch[] = []
  let keptText = 0
  let last: { readonly from: number; readonly batch: Batch } | null = null

  return {
    look(timeIsUp) {
      let isAny = false
      for (let from = 0; from < count && !(isAny && timeIsUp()); from += AT_ONCE) {
        const batch = batchFrom(from)
        isAny ||= batch.some((notice) => notice !== undefined)
        if (keptText <= AT_HAND && kept.length * AT_ONCE === from) {
          kept.push(batch)
          keptText += (places[2 * Math.min(from + AT_ONCE, count) - 1] ?? 0) - (places[2 * from] ?? 0)
        }
      }
      return isAny
    },
    at(index) {
      const from = index - (index % AT_ONCE)
      return (kept[from / AT_ONCE] ?? batchFrom(from))[index - from]
    },
    get atHand() {
      return Math.min(count, kept.length * AT_ONCE)
    },
  }

  function batchFrom(from: number): Batch {
    if (last?.from === from) return last.batch
    const texts: string[] = []
    for (let index = from; index < Math.min(from + AT_ONCE, count); index += 1)
      texts.push(text.slice(places[2 * index], places[2 * index + 1]))
    const batch = nodesIn(texts, readers).map((node, index) =>
      node === null ? undefined : readers.noticeOfJob(node, from + index, reading),
    )
    last = { from, batch }
    return batch
  }
}

/** What each of the texts holds; null: nothing. */
function nodesIn(texts: readonly string[], { readJson, readXml }: Readers): readonly (Node | null)[] {
  if (texts[0]?.startsWith('{') === true) return texts.map((text) => readJson(text))
  // Together, where they are short: to open a parser costs as much as some of them.
  const length = texts.reduce((sum, text) => sum + text.length, 0)
  const documents = length > TOGETHER ? texts.map((text) => [text]) : [texts]
  return documents.flatMap((some) => {
    const { jobs } = readXml(`<jobs>${some.join('')}</jobs>`)
    const found = (jobs as Node)['JobsDetail']
    return (some.length === 1 ? [found] : (found as readonly unknown[])).map(
      (node) => elementsOf({ JobsDetail: node }, 'JobsDetail', 'The document')[0] ?? null,
    )
  })
}
