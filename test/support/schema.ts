import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020'
import addFormats from 'ajv-formats'

const folder = resolve(__dirname, '..', '..', 'docs', 'schema')

/** `allErrors` is off: a fault in one field of thousands is told by that field, and at once. */
const ajv = new Ajv2020({ strict: true, strictTypes: false, allowUnionTypes: true, validateFormats: true })
addFormats.default(ajv, ['date-time'])
for (const name of ['message', 'alert'])
  ajv.addSchema(JSON.parse(readFileSync(resolve(folder, `${name}.schema.json`), 'utf8')) as object)

const compiled = (reference: string): ValidateFunction => ajv.getSchema(reference)!

/** Throws with the path of the fault unless docs/schema/message.schema.json allows it. */
export function validateMessage(message: unknown): void {
  const type = (message as { type?: unknown } | null)?.type
  const [, kind] = /^com\.tencentcloud\.ci\.(workflow|job|review|event)\./.exec(String(type)) ?? []
  validate('message.schema.json', kind, message)
}

/** The same of an alert as http: sends it. */
export function validateAlert(alert: unknown): void {
  const event = (alert as { data?: { event?: unknown } } | null)?.data?.event
  validate('alert.schema.json', event === null ? 'aboutNone' : 'aboutMessage', alert)
}

/** The same of either, as it came by HTTP. */
export function validateEvent(event: unknown): void {
  const isAlert = (event as { type?: unknown } | null)?.type === 'com.tencentcloud.ci.alert'
  ;(isAlert ? validateAlert : validateMessage)(event)
}

/** The same of a line that the alert channel file: appends. */
export function validateAlertLine(line: unknown): void {
  validate('alert.schema.json', 'line', line)
}

/** How far each file has been looked at: tests kill many processes that write to one. */
const lookedAt = new Map<string, number>()

/** The same of each line in the files that these settings name as queue or alert channel. What is no JSON was cut off, and is passed over (README, "A file"). */
export function validateFiles(env: Readonly<Record<string, string>>): void {
  for (const [urls = '', validateLine] of [
    [env['QUEUE_URL'], validateMessage],
    [env['ALERT_URLS'], validateAlertLine],
  ] as const)
    for (const url of urls.split(/\s+/)) {
      const [, path] = /^file:(?:\/\/)?([^?]*)/.exec(url) ?? []
      if (path !== undefined) validateFile(decodeURIComponent(path), validateLine)
    }
}

function validateFile(path: string, validateLine: (line: unknown) => void): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return
  const bytes = readFileSync(path)
  const end = bytes.lastIndexOf('\n') + 1
  const begin = lookedAt.get(path) ?? 0
  const text = bytes.subarray(begin > end ? 0 : begin, end).toString()
  for (const line of text.split('\n')) {
    const value = parsed(line)
    if (value !== undefined) validateLine(value)
  }
  lookedAt.set(path, end)
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** By the whole schema; what is wrong is told by the one form that it should have, not by all that it has not. */
function validate(schema: string, form: string | undefined, value: unknown): void {
  const whole = compiled(schema)
  if (whole(value)) return
  const one = form === undefined ? null : compiled(`${schema}#/$defs/${form}`)
  const errors = one === null || one(value) ? whole.errors : one.errors
  throw new Error(`${schema} does not allow ${(errors ?? []).map(said).join('; ')}: ${shortened(value)}`)
}

function said({ instancePath, message, params }: ErrorObject): string {
  return `${instancePath || 'the whole'}: ${String(message)} ${JSON.stringify(params)}`
}

function shortened(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 2_000 ? `${text.slice(0, 2_000)}…` : text
}
