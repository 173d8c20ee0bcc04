import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { bodyText } from '../../src/callback/body-text'
import { readCallback } from '../../src/callback/read-callback'
import { UnreadableCallback } from '../../src/callback/unreadable-callback'
import { anyExecution, anyJob, execution, jobOf } from '../support/executions'
import { executionJson, executionXml, jobsJson, jobsXml, sayable, XML_SHAPES } from '../support/render'

const seed = fc.nat({ max: 1_000_000 })

describe('whatever an execution holds', () => {
  test.each(XML_SHAPES)('XML of shape %s parses back to it', (shape) => {
    fc.assert(
      fc.property(anyExecution, seed, (any, variant) => {
        const xml = executionXml(any, shape, variant)
        deepStrictEqual(readCallback(xml), [{ kind: 'workflow', execution: sayable(any, shape) }])
      }),
      { numRuns: 100 },
    )
  })

  test('JSON parses back to it', () => {
    fc.assert(
      fc.property(anyExecution, seed, (any, variant) => {
        deepStrictEqual(readCallback(executionJson(any, variant)), [{ kind: 'workflow', execution: any }])
      }),
      { numRuns: 200 },
    )
  })

  test('base64 of its bytes is the same text, said to be base64 or seen to be', () => {
    fc.assert(
      fc.property(anyExecution, seed, (any, variant) => {
        for (const text of [executionXml(any, 'D', variant), executionJson(any, variant)]) {
          const base64 = Buffer.from(text).toString('base64')
          for (const flag of [true, null]) deepStrictEqual(bodyText(base64, flag), text)
          for (const flag of [false, null]) deepStrictEqual(bodyText(text, flag), text)
        }
      }),
      { numRuns: 100 },
    )
  })
})

test('whatever jobs hold, XML and JSON parse back to the same', () => {
  fc.assert(
    fc.property(fc.array(anyJob, { minLength: 1, maxLength: 3 }), seed, (jobs, variant) => {
      const expected = jobs.map((job) => ({ kind: 'job', job }))
      deepStrictEqual(readCallback(jobsXml(jobs, variant)), expected)
      deepStrictEqual(readCallback(jobsJson(jobs, variant)), expected)
    }),
    { numRuns: 200 },
  )
})

test('any text at all is read, or refused with a code and a place', () => {
  const pieces = fc.constantFrom(
    ...[
      '<',
      '>',
      '/',
      '&',
      ';',
      '#',
      'x',
      '"',
      "'",
      '=',
      '!',
      '-',
      '[',
      ']',
      '?',
      ' ',
      '\n',
      '{',
      '}',
      ':',
      ',',
      'null',
      '1e5',
      'a',
      '中',
      '😀',
    ],
    ...[
      '<Response>',
      '</Response>',
      '<WorkflowExecution>',
      '</WorkflowExecution>',
      '<RunId>r</RunId>',
      '<State>Success</State>',
    ],
    ...[
      '<JobsDetail>',
      '</JobsDetail>',
      '<Tasks/>',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '<!DOCTYPE a>',
      '<?xml version="1.0"?>',
    ],
    ...[
      '"WorkflowExecution":',
      '"RunId":"r"',
      '"State":',
      '"Success"',
      '"JobsDetail":',
      '[{',
      '}]',
      '\ud83d',
      '&#x1F600;',
      '&#xD800;',
      '&#x110000;',
    ],
  )
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 25 }).map((all) => all.join('')),
  )
  fc.assert(
    fc.property(
      fc.constantFrom('', '<Response>', '<', '{'),
      anything,
      fc.constantFrom(true, false, null),
      (start, rest, flag) => {
        try {
          for (const subject of readCallback(bodyText(start + rest, flag)))
            expect(subject.kind === 'job' ? subject.job.jobId : subject.execution.runId).not.toBe('')
        } catch (error) {
          if (!(error instanceof UnreadableCallback)) throw error
          expect(error.message.length).toBeLessThan(600)
          expect(error.message).toMatch(/^The |^WorkflowExecution|^JobsDetail/)
        }
      },
    ),
    { numRuns: 2000 },
  )
})

test('a value changes nothing but itself: text that looks like markup stays text', () => {
  const object = '</Object><State>Failed</State>&lt;&amp;<![CDATA[<!-- "\' 中文😀'
  for (let variant = 0; variant < 50; variant++) {
    deepStrictEqual(readCallback(executionXml(execution({ object }), 'B', variant)), [
      { kind: 'workflow', execution: execution({ object }) },
    ])
    deepStrictEqual(readCallback(jobsXml([jobOf({ object })], variant)), [
      { kind: 'job', job: jobOf({ object }) },
    ])
  }
})
