import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bodyText } from '../../../src/callback/body-text'
import { readCallback } from '../../../src/callback/read-callback'
import { eventKind } from '../../../tools/local/event-kind'
import { apiGatewayEvent, functionUrlEvent, isForApiGateway } from '../../../tools/local/event-from-request'
import { EXPECTED_ANSWERS } from '../../../tools/local/expected-answers'
import { requestOf } from '../../../tools/local/request-from-event'

const folder = resolve(__dirname, '..', '..', '..', 'events')
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.replace('.json', ''))
const read = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))
const httpEvents = names.flatMap((name) => {
  const whole = eventKind(read(name))
  return whole?.kind === 'http' ? [[name, whole.event] as const] : []
})

test('each event says what it should be answered with', () => {
  expect(names.sort()).toEqual(Object.keys(EXPECTED_ANSWERS).sort())
  expect(eventKind(read('timer'))?.kind).toBe('timer')
  expect(httpEvents).toHaveLength(names.length - 1)
})

test.each(httpEvents)(
  '%s, sent to the local gateway, arrives as the same kind of event with the same body',
  (_name, event) => {
    const { method, path, headers, body } = requestOf(event)
    const raw = {
      method,
      target: path,
      rawHeaders: Object.entries(headers).flat(),
      body,
      sourceIp: '203.0.113.20',
    }
    const arrived = isForApiGateway(path) ? apiGatewayEvent(raw, 'r') : functionUrlEvent(raw)
    expect(arrived).toMatchObject({
      httpMethod: event.httpMethod,
      path: event.path,
      queryString: event.queryString,
      body: event.body,
    })
    expect('stage' in (arrived.requestContext ?? {})).toBe('stage' in (event.requestContext ?? {}))
    expect(arrived.isBase64Encoded ?? false).toBe(event.isBase64Encoded ?? false)
  },
)

test.each([
  ['success.xml', 'url-success'],
  ['failed.xml', 'url-failed'],
  ['success.json', 'url-json-success'],
  ['job-failed.xml', 'job-failed'],
])('bodies/%s is the body of %s', (body, event) => {
  expect(readFileSync(join(folder, 'bodies', body), 'utf8')).toBe(read(event).body)
})

test('no two events are one execution to the ledger', () => {
  const readable = httpEvents.filter(([name]) => EXPECTED_ANSWERS[name]?.status === 200)
  const ids = readable.flatMap(([, event]) => {
    const read = readCallback(bodyText(event.body ?? '', event.isBase64Encoded ?? null))
    return read === 'test' ? [] : read.map(({ id }) => id)
  })
  expect(new Set(ids).size).toBe(ids.length)
})

test.each([
  [null],
  [[]],
  ['text'],
  [{}],
  [{ Type: 'Cos' }],
  [{ WorkflowExecution: {} }],
  [{ httpMethod: 1 }],
  [{ requestContext: null }],
])('%j is no event', (value) => expect(eventKind(value)).toBeNull())

test('an event may lack what the cloud console leaves out', () => {
  const whole = eventKind({ requestContext: { httpMethod: 'POST', stage: 'release' }, body: 'x' })
  expect(whole).toMatchObject({ kind: 'http', event: { headers: {}, path: '/' } })
})
