import type { Alert } from '../alerts/alert'
import type { CloudEvent } from '../callback/cloud-event'
import { headerOf, type ItemHeader, type Parcel } from './store'
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

export function parcelIn(value: unknown): Parcel {
  const parcel = value as Parcel
  if (!isRecord(value) || !isParcel(parcel)) throw new Unreadable('its parcel is of an unknown kind or form')
  return parcel
}

const ID = /^[A-Za-z0-9._-]{1,200}$/
const STATUSES = new Set<unknown>(['waiting', 'dead', 'quarantined'])
/** The last moment that a Date can hold. */
const LAST_MOMENT = 8.64e15

function isParcel(parcel: Parcel): boolean {
  switch (parcel.kind) {
    case 'message':
      return isEvent(parcel.event)
    case 'alert':
      return isText(parcel.channel) && isAlert(parcel.alert) && areTexts(parcel.unless ?? [])
    case 'resolve':
      return isText(parcel.channel) && isText(parcel.incident)
    case 'unverified':
      return (
        isText(parcel.bodyBase64) &&
        isTextOrNull(parcel.bucket ?? null) &&
        (parcel.only === undefined || areTexts(parcel.only))
      )
    case 'unreadable':
      return [parcel.bodyBase64, parcel.error, parcel.message].every(isText)
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
