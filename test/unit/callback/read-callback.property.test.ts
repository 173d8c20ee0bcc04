import { deepStrictEqual } from 'node:assert'
import fc from '../../support/properties'
import { bodyText } from '../../../src/callback/body-text'
import { toCloudEvent } from '../../../src/callback/cloud-event'
import { readCallback } from '../../../src/callback/read-callback'
import type { Notice } from '../../../src/callback/notice'
import { UnreadableCallback } from '../../../src/callback/unreadable-callback'
import { anyExecution, anyJob, execution, jobOf } from '../../support/executions'
import { executionJson, executionXml, jobsJson, jobsXml, sayable, XML_SHAPES } from '../../support/render'

const seed = fc.nat({ max: 1_000_000 })

const noticesOf = (body: string): readonly Notice[] => {
  const read = readCallback(body)
  const notices = read === 'test' ? [] : read
  // To make the message is to hold it to its schema (test/support/validate-messages.ts).
  notices.forEach(toCloudEvent)
  return notices
}
const dataOf = (body: string): readonly unknown[] => noticesOf(body).map(({ data }) => data)

describe('whatever an execution holds', () => {
  test.each(XML_SHAPES)('XML of shape %s parses back to it', (shape) => {
    fc.assert(
      fc.property(anyExecution, seed, (any, variant) => {
        const xml = executionXml(any, shape, variant)
        deepStrictEqual(dataOf(xml), [sayable(any, shape)])
      }),
      { numRuns: 100 },
    )
  })

  test('JSON parses back to it', () => {
    fc.assert(
      fc.property(anyExecution, seed, (any, variant) => {
        deepStrictEqual(dataOf(executionJson(any, variant)), [any])
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
      deepStrictEqual(dataOf(jobsXml(jobs, variant)), jobs)
      deepStrictEqual(dataOf(jobsJson(jobs, variant)), jobs)
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
          const read = readCallback(bodyText(start + rest, flag))
          for (const notice of read === 'test' ? [] : read) expect(toCloudEvent(notice).id).not.toBe('')
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
    deepStrictEqual(dataOf(executionXml(execution({ object }), 'B', variant)), [execution({ object })])
    deepStrictEqual(dataOf(jobsXml([jobOf({ object })], variant)), [jobOf({ object })])
  }
})
