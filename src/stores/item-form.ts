import type { Alert } from '../alerts/alert'
import type { CloudEvent } from '../callback/cloud-event'
import { headerOf, type ItemHeader, type Payload } from './store'
import { Unreadable } from './unreadable'

/** What is read out of a store is held to the form in which it was put there, before anything is done with it. All throw Unreadable. */

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Unreadable(text.trim() === '' ? 'it is empty' : 'it is no JSON, or cut off')
  }
}

export function headerIn(value: unknown): ItemHeader {
  const header = value as ItemHeader
  if (!isRecord(value)) throw new Unreadable('it is no item')
  if (!isText(header.id) || !ID.test(header.id)) throw new Unreadable('its id is none')
  if (!STATUSES.has(header.status)) throw new Unreadable('its status is unknown')
  if (!isText(header.group) || !isTextOrNull(header.lastError))
    throw new Unreadable('its group or its last error is no text')
  if (![header.parkedAt, header.dueAt].every(isTime) || !isCount(header.tries))
    throw new Unreadable('its times or its tries are no numbers')
  if (
    ![header.waitMs ?? 0, header.refusals ?? 0, header.copies ?? 0].every(isCount) ||
    !isTime(header.since ?? 0)
  )
    throw new Unreadable('its counts are no numbers')
  return headerOf(header)
}

export function payloadIn(value: unknown): Payload {
  const payload = value as Payload
  if (!isRecord(value) || !isPayload(payload))
    throw new Unreadable('its payload is of an unknown kind or form')
  return payload
}

const ID = /^[A-Za-z0-9._-]{1,200}$/
const STATUSES = new Set<unknown>(['waiting', 'dead', 'quarantined'])
/** The last moment that a Date can hold. */
const LAST_MOMENT = 8.64e15

function isPayload(payload: Payload): boolean {
  switch (payload.kind) {
    case 'message':
      return isEvent(payload.event)
    case 'alert':
      return isText(payload.channel) && isAlert(payload.alert) && areTexts(payload.unless ?? [])
    case 'resolve':
      return isText(payload.channel) && isText(payload.incident)
    case 'unverified':
      return (
        isText(payload.bodyBase64) &&
        isTextOrNull(payload.bucket ?? null) &&
        (payload.only === undefined || areTexts(payload.only))
      )
    case 'rest':
      return isText(payload.bodyGzip)
    case 'unreadable':
      return [payload.bodyBase64, payload.error, payload.message].every(isText)
    default:
      return false
  }
}

function isEvent(event: CloudEvent): boolean {
  return (
    isRecord(event) &&
    [event.id, event.source, event.type].every(isText) &&
    isTextOrNull(event.subject ?? null) &&
    isRecord(event.data)
  )
}

function isAlert(alert: Alert): boolean {
  return (
    isRecord(alert) &&
    [alert.id, alert.title, alert.severity, alert.itemsHeading, alert.more].every(isText) &&
    isTextOrNull(alert.incident) &&
    (alert.event === null || isEvent(alert.event)) &&
    areFacts(alert.facts) &&
    areFacts(alert.footer) &&
    Array.isArray(alert.items) &&
    alert.items.every((item: unknown) => isRecord(item) && isText(item['title']) && areFacts(item['facts']))
  )
}

function areFacts(facts: unknown): boolean {
  return (
    Array.isArray(facts) &&
    facts.every((fact) => isRecord(fact) && isText(fact['label']) && isText(fact['value']))
  )
}

function areTexts(texts: unknown): boolean {
  return Array.isArray(texts) && texts.every(isText)
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isTextOrNull(value: unknown): boolean {
  return value === null || isText(value)
}

/** A moment in ms since the epoch. */
export function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= LAST_MOMENT
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
