import type { Deadline } from '../net/deadline'
import { peerAt } from '../net/peer'
import { post } from '../net/http'
import { sha256 } from '../sha256'
import type { Alert, Fact } from './alert'
import { endpointAt } from '../net/endpoint'
import type { AlertDriver } from './alert-channel'
import { addressOf, readChannelUrl } from './channel-url'
import { holding } from './conditions'
import { bytesOf, cut, type Fitted, type FittedAlert, fitMessage, oneLine } from './fit'
import { factLines } from './lines'
import { jsonAnswer, type Meaning, refused, said } from './refusal'

const LONGEST_BODY = 500_000
const LONGEST_SUMMARY = 1024
const LONGEST_FIELD = 255
const LONGEST_DEDUP_KEY = 255
const FORM = 'pagerduty://ROUTING_KEY'
const SOURCE = 'cos-callback-relay'
const BETWEEN = ' · '
const WRONG_KEY: Meaning = { kind: 'down', advice: 'check the routing key in the URL' }

/**
 * PagerDuty, Events API v2: `pagerduty://ROUTING_KEY` (the integration key of a service). An alert triggers an incident whose `dedup_key`
 * is the alert's incident, so that repeats join it and `resolve` ends it. All is JSON, no markup: names show as they are. A keyword stands in the
 * summary, which rules of PagerDuty look at. Told only by 202.
 * https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
 */
const open: AlertDriver['open'] = (url) => {
  const { keys, parameters, conditions } = readChannelUrl(url, { shape: FORM, mention: null })
  const { keyword, isFallback } = conditions
  const key = String(keys[0])
  const peer = peerAt('pagerduty', url)
  const address = addressOf('pagerduty', parameters, 'https://events.pagerduty.com', '/v2/enqueue')

  const fitted = (alert: Alert): Fitted<string> =>
    fitMessage(
      alert,
      (candidate) => trigger(alert, candidate, key, keyword),
      (body) => bytesOf(body) <= LONGEST_BODY,
    )

  async function enqueue(body: string, deadline: Deadline): Promise<void> {
    const answer = await post(peer, address, body, { 'content-type': 'application/json' }, deadline)
    if (answer.status === 202) return
    const told = jsonAnswer(answer)
    const errors = Array.isArray(told?.['errors'])
      ? told['errors'].map(said).filter((words) => words !== '')
      : []
    const words = [said(told?.['message']) || answer.body, ...errors].join(': ')
    throw refused(answer, { code: '', words, meaning: /routing.?key/i.test(words) ? WRONG_KEY : undefined })
  }

  return {
    scheme: 'pagerduty',
    secrets: peer.secrets,
    endpoints: [endpointAt(address)],
    needs: [],
    limit: null,
    isFallback,
    shown: (alert) => fitted(alert).shown.items.length,
    send: (alert, deadline) => enqueue(fitted(alert).message, deadline),
    resolve: (incident, deadline) =>
      enqueue(
        JSON.stringify({
          routing_key: key,
          event_action: 'resolve',
          dedup_key: dedupKey(incident),
          ...(keyword !== null && { payload: { summary: keyword, source: SOURCE, severity: 'info' } }),
        }),
        deadline,
      ),
  }
}

function trigger(alert: Alert, shown: FittedAlert, key: string, keyword: string | null): string {
  const { event } = alert
  return JSON.stringify({
    routing_key: key,
    event_action: 'trigger',
    dedup_key: dedupKey(alert.incident ?? alert.id),
    payload: {
      summary: summaryOf(alert.title, keyword),
      source: event === null ? SOURCE : cut(event.source, LONGEST_FIELD),
      severity: alert.severity,
      ...timeOf(event?.time),
      ...(event?.subject === undefined ? {} : { component: cut(event.subject, LONGEST_FIELD) }),
      ...(event?.data.bucket == null ? {} : { group: cut(event.data.bucket, LONGEST_FIELD) }),
      class: event === null ? SOURCE : event.type,
      custom_details: details(shown),
    },
  })
}

function summaryOf(title: string, keyword: string | null): string {
  const whole = cut(title, LONGEST_SUMMARY)
  if (keyword === null || whole.includes(keyword)) return whole
  return holding(cut(title, LONGEST_SUMMARY - keyword.length - BETWEEN.length), keyword, BETWEEN)
}

/** PagerDuty shows these as a table: a row a fact, the items as a list under their heading. */
function details(alert: FittedAlert): Record<string, unknown> {
  const row = ({ label, value }: Fact): [string, string] => [label, value]
  const items = alert.items.map((item) => [item.title, ...factLines(item.facts)].join(' | '))
  return Object.fromEntries<unknown>([
    ...alert.facts.map(row),
    ...(items.length > 0 || alert.more !== null
      ? [[alert.itemsHeading, [...items, ...(alert.more === null ? [] : [alert.more])]] as const]
      : []),
    ...alert.footer.map(row),
  ])
}

function timeOf(time: string | undefined): { timestamp?: string } {
  const at = Date.parse(time ?? '')
  return Number.isNaN(at) ? {} : { timestamp: new Date(at).toISOString() }
}

/** The incident itself, or its digest where it is too long or no printable text. */
function dedupKey(incident: string): string {
  const isKey = incident !== '' && incident.length <= LONGEST_DEDUP_KEY && incident === oneLine(incident)
  return isKey ? incident : sha256(incident, 'hex')
}

export const driver: AlertDriver = { schemes: ['pagerduty'], form: FORM, open }
