import { bodyText } from '../../../src/callback/body-text'
import { readCallback } from '../../../src/callback/read-callback'
import { UnreadableCallback } from '../../../src/callback/unreadable-callback'
import { sampleBodies } from '../../support/fixtures'

/** What a body cut off at `bytes` is refused as; null when it is read. */
function refusal(body: Buffer, bytes: number): UnreadableCallback | null {
  try {
    readCallback(bodyText(body.subarray(0, bytes).toString('base64'), true))
    return null
  } catch (error) {
    if (error instanceof UnreadableCallback) return error
    throw error
  }
}

/** White space after the end is no part of the document: a cut within it leaves it whole. */
function wholeFrom(body: Buffer): number {
  return Buffer.byteLength(body.toString('utf8').trimEnd())
}

describe('a body cut off is refused, at whatever byte', () => {
  test.each(sampleBodies())('%s', (_, body) => {
    const whole = wholeFrom(body)
    // Every byte; of the long ones every seventh, to be quick, and every one near the end.
    const step = (bytes: number): number => (whole > 1_500 && bytes < whole - 200 ? 7 : 1)
    const read: number[] = []
    for (let bytes = 0; bytes < whole; bytes += step(bytes))
      if (refusal(body, bytes) === null) read.push(bytes)
    expect(read).toEqual([])
  })

  test('and says that it is the end that is missing', () => {
    const [, xml] = sampleBodies().find(([name]) => name === 'workflow-b.xml')!
    const [, json] = sampleBodies().find(([name]) => name === 'workflow.json')!
    expect(refusal(xml, wholeFrom(xml) - 1)?.message).toMatch(
      /^The XML cannot be read: Unclosed root tag, line 23, column 10\.$/,
    )
    expect(refusal(json, wholeFrom(json) - 1)?.message).toBe('The JSON cannot be read: it ends too early.')
    expect(refusal(json, 60)?.message).toBe('The JSON cannot be read: it ends too early.')
    expect(refusal(json, 0)?.code).toBe('empty')
  })

  test('a cut within the white space after the end is none', () => {
    for (const [name, body] of sampleBodies()) {
      if (name.includes('query-workflowexecution-list')) continue
      for (let bytes = wholeFrom(body); bytes <= body.length; bytes++) expect(refusal(body, bytes)).toBeNull()
    }
  })
})
