import { deepStrictEqual } from 'node:assert'
import fc from '../../support/properties'
import { readLongBody } from '../../../src/callback/long-body'
import type { Notice } from '../../../src/callback/notice'
import type { Notices } from '../../../src/callback/notices'
import { readBody } from '../../../src/callback/read-body'
import { readCallback, READERS } from '../../../src/callback/read-callback'
import { UnreadableCallback } from '../../../src/callback/unreadable-callback'
import { anyJob, execution, jobOf } from '../../support/executions'
import { executionJson, executionXml, jobsJson, jobsXml } from '../../support/render'

const never = (): boolean => false
const atOnce = (): boolean => true

const read = (body: string, timeIsUp = never, keepsRaw = false): Notices => {
  const notices = readLongBody(body, keepsRaw, timeIsUp, READERS)
  if (notices === 'test') throw new Error('it is a test of the console')
  return notices
}
const allOf = (notices: Notices): readonly (Notice | undefined)[] =>
  Array.from({ length: notices.length }, (_, index) => notices.at(index))
/** What it is refused as; else its notices. */
const told = (act: () => unknown): unknown => {
  try {
    return act()
  } catch (error) {
    if (error instanceof UnreadableCallback) return [error.code, error.message]
    throw error
  }
}

const jobs = (count: number) => Array.from({ length: count }, (_, i) => jobOf({ jobId: `j${i}` }))
const xmlJob = '<JobsDetail><JobId>j</JobId><State>Success</State></JobsDetail>'
const jsonJob = '{"JobId":"j","State":"Success"}'

describe('reads what readCallback reads', () => {
  test('whatever jobs hold, as XML and as JSON, before and after the time is up', () => {
    fc.assert(
      fc.property(fc.array(anyJob, { minLength: 1, maxLength: 20 }), fc.nat(), (any, variant) => {
        for (const body of [jobsXml(any, variant), jobsJson(any, variant)])
          for (const timeIsUp of [never, atOnce])
            for (const keepsRaw of [true, false])
              deepStrictEqual(allOf(read(body, timeIsUp, keepsRaw)), readCallback(body, keepsRaw))
      }),
      { numRuns: 30 },
    )
  })

  test.each([
    ['an execution', executionXml(execution())],
    ['an execution as JSON', executionJson(execution())],
    [
      'executions and jobs',
      executionXml(execution()).replace('</Response>', `${xmlJob}${xmlJob}</Response>`),
    ],
    [
      'executions and jobs as JSON',
      `{"WorkflowExecution":{"RunId":"r","State":"Failed"},"JobsDetail":[${jsonJob}]}`,
    ],
    ['a job as JSON, by itself', `{"JobsDetail":${jsonJob}}`],
    ['in a Response', `{"Response":{"EventName":"JobFinish","JobsDetail":[${jsonJob},${jsonJob}]}}`],
    ['in a Response that is not alone', `{"EventName":"x","Response":{"JobsDetail":[${jsonJob}]}}`],
    ['here and in a Response', `{"Response":{"JobsDetail":[${jsonJob}]},"JobsDetail":${jsonJob}}`],
    ['in a Response in a Response', `{"Response":{"Response":{"JobsDetail":[${jsonJob}]}}}`],
    ['under a name twice', `{"JobsDetail":${jsonJob},"JobsDetail":${jsonJob}}`],
    ['under a name twice, a list', `{"JobsDetail":[${jsonJob}],"JobsDetail":[${jsonJob}]}`],
    ['a list of lists', `{"JobsDetail":[[${jsonJob}]]}`],
    ['a text among jobs', `{"JobsDetail":[${jsonJob},"x"]}`],
    ['nothing among jobs', `{"JobsDetail":[${jsonJob},null,"-"]}`],
    ['an empty list', '{"JobsDetail":[]}'],
    ['an event’s name behind them', `<Response>${xmlJob}<EventName>JobStart</EventName></Response>`],
    ['an unknown event', `<Response>${xmlJob}<EventName>Odd</EventName></Response>`],
    ['reviews', `<Response><EventName>ReviewImage</EventName>${xmlJob}${xmlJob}</Response>`],
    ['a text in the place of a job', `<Response><JobsDetail>x</JobsDetail>${xmlJob}</Response>`],
    [
      'a CDATA section in the place of a job',
      `<Response><JobsDetail><![CDATA[x]]></JobsDetail>${xmlJob}</Response>`,
    ],
    [
      'jobs with attributes, comments and instructions',
      `<Response a="b">\n<JobsDetail c="d"><!-- e --><?f g?><JobId h="i">j</JobId><State><![CDATA[Success]]></State></JobsDetail >\n<!-- k -->${xmlJob}\n</Response>`,
    ],
    [
      'jobs within an execution',
      `<Response><WorkflowExecution><RunId>r</RunId><State>Success</State>${xmlJob}</WorkflowExecution></Response>`,
    ],
    [
      'jobs within jobs',
      `<Response><JobsDetail><JobId>j</JobId><State>Success</State><Operation>${xmlJob}<JobsDetail/></Operation></JobsDetail></Response>`,
    ],
    ['a job as the root', xmlJob],
    ['jobs in another root', `<Answer>${xmlJob}</Answer>`],
    ['a job without an id', '<Response><JobsDetail><State>Success</State></JobsDetail></Response>'],
    ['one that is cut off', `<Response>${xmlJob}<JobsDetail><JobId>`],
    ['one that is not well-formed', `<Response>${xmlJob}<JobsDetail><JobId></JobsDetail></Response>`],
    ['JSON that is cut off', `{"JobsDetail":[${jsonJob},{"JobId":`],
    ['a byte order mark', `\uFEFF<Response>${xmlJob}</Response>`],
    ['neither XML nor JSON', 'x'],
    ['nothing known', '<Response><Else>1</Else></Response>'],
    ['another event', '{"EventType":"x"}'],
  ])('%s', (_, body) => {
    expect(told(() => allOf(read(body)))).toEqual(told(() => readCallback(body)))
  })

  test('the console’s test', () => {
    const body = '{"code":0,"message":"","data":{"url":"test_url"}}'
    expect([readLongBody(body, false, never, READERS), readCallback(body)]).toEqual(['test', 'test'])
  })
})

test('an element that holds nothing has its place, and is no notice', () => {
  const notices = read(
    `<Response>${xmlJob}<JobsDetail/><JobsDetail><!-- x --></JobsDetail>${xmlJob}</Response>`,
  )
  expect(allOf(notices).map((notice) => notice?.id)).toEqual(['j', undefined, undefined, 'j'])
  expect(notices.at(4)).toBeUndefined()
  expect(told(() => read('<Response><JobsDetail/></Response>'))).toEqual([
    'unknown-document',
    expect.stringContaining('neither a WorkflowExecution nor a JobsDetail'),
  ])
})

test('what cannot be read is found at once; once the time is up, when it is asked for', () => {
  const body = jobsXml(jobs(100)).replace(
    '</Response>',
    '<JobsDetail><JobId>x</JobId></JobsDetail></Response>',
  )
  const why = ['missing-field', 'JobsDetail[101] has neither State nor Code.']
  expect(told(() => read(body))).toEqual(why)
  const notices = read(body, atOnce)
  expect([notices.length, notices.atHand, notices.at(0)?.id, notices.at(95)?.id]).toEqual([
    101,
    16,
    'j0',
    'j95',
  ])
  expect(told(() => notices.at(100))).toEqual(why)
})

test('it is read on beyond the time until there is one notice', () => {
  const notices = read(`<Response>${'<JobsDetail/>'.repeat(40)}${xmlJob.repeat(40)}</Response>`, atOnce)
  expect([notices.length, notices.atHand, notices.at(40)?.id]).toEqual([80, 48, 'j'])
})

test('of a long body the notices of a part of the text stay at hand', () => {
  const notices = read(jobsXml(jobs(5_000)))
  expect(notices.length).toBe(5_000)
  expect(notices.atHand).toBeGreaterThan(1_000)
  expect(notices.atHand).toBeLessThan(5_000)
  expect([4_999, 0, 4_998, 4_000].map((index) => notices.at(index)?.id)).toEqual([
    'j4999',
    'j0',
    'j4998',
    'j4000',
  ])
})

describe('limits', () => {
  test.each([
    ['<Response>', xmlJob, '</Response>'],
    ['{"JobsDetail":[0', `,${jsonJob}`, ']}'],
  ])('%s: 50,000 jobs, and one more', (head, job, tail) => {
    const body = (count: number) => `${head.replace('[0', '[null')}${job.repeat(count)}${tail}`
    expect(read(body(50_000), atOnce).length).toBe(50_000)
    const tooMany = ['too-many', 'The document holds more than 50000 executions and jobs.']
    expect(told(() => read(body(50_001), atOnce))).toEqual(tooMany)
    expect(told(() => readCallback(body(50_001)))).toEqual(tooMany)
  })

  test.each([
    ['<Response><JobsDetail>', '<a/>', '</JobsDetail></Response>', 249_998, 'elements'],
    ['{"JobsDetail":[{"a":[0', ',0', ']}]}', 249_990, 'values'],
  ])('%s: what one job may hold', (head, unit, tail, most, what) => {
    const body = (count: number) => `${head}${unit.repeat(count)}${tail}`
    const tooMany = ['too-many', expect.stringContaining(`more than 250000 ${what}`)]
    expect(told(() => read(body(most), atOnce))).toEqual(['missing-field', expect.anything()])
    expect(told(() => read(body(most + 20), atOnce))).toEqual(tooMany)
  })

  test.each([
    [
      '<Response>',
      `<JobsDetail><JobId>j</JobId><State>S</State><a>${'<b/>'.repeat(96)}</a></JobsDetail>`,
      '</Response>',
      'elements',
    ],
    ['{"JobsDetail":[null', `,{"JobId":"j","State":"S","a":[0${',0'.repeat(95)}]}`, ']}', 'values'],
  ])('%s: what all jobs may hold', (head, job, tail, what) => {
    const body = (count: number) => `${head}${job.repeat(count)}${tail}`
    expect(read(body(4_990), atOnce).length).toBe(4_990)
    expect(told(() => read(body(5_010), atOnce))).toEqual([
      'too-many',
      expect.stringContaining(`more than 500000 ${what}`),
    ])
  })
})

test('a short body is read as a whole, a long one a few jobs at a time', async () => {
  const short = await readBody(jobsXml(jobs(20)), false, atOnce)
  const long = await readBody(jobsXml(jobs(1_000)), false, atOnce)
  if (short === 'test' || long === 'test') throw new Error('neither is a test of the console')
  expect([short.length, short.atHand, long.length, long.atHand]).toEqual([20, undefined, 1_000, 16])
})
