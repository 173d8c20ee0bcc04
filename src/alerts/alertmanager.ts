import { isCondition } from '../net/condition-names'
import type { Deadline } from '../net/deadline'
import { decoded, PERCENT_ENCODE } from '../net/driver-url'
import { isLoopback } from '../net/endpoint'
import { failed, peerAt } from '../net/peer'
import { sha256 } from '../sha256'
import { get, post, type HttpAnswer } from '../net/http'
import type { Alert } from './alert'
import { endpointAt } from '../net/endpoint'
import type { AlertDriver } from './alert-channel'
import { type Conditions, conditionsIn, holdingBelow } from './conditions'
import { bytesOf, cut, type Fitted, fitMessage, oneLine } from './fit'
import { textOf } from './lines'
import { type Meaning, refused } from './refusal'

const ALERT_NAME = 'CosCallbackRelay'
const LONGEST_TEXT = 8000
const LONGEST_LABEL = 255
/** Bytes. The open alerts of one incident: few, but each with its text, in which JSON may write one character as six. */
const LONGEST_LIST = 4 * 2 ** 20
const HOUR = 3_600_000
/** Alertmanager ends an alert after five minutes unless told otherwise: an incident waits a day for its success, the rest an hour. */
const OPEN_MS = { incident: 24 * HOUR, other: HOUR }

const WRONG_PREFIX: Meaning = { kind: 'down', advice: 'check the prefix in the URL' }

type Labels = Readonly<Record<string, string>>

/**
 * Prometheus Alertmanager, API v2: `alertmanager[s]://[user:pass@]host:port[/prefix]`. Labels: `alertname`, `severity`, `incident` (a digest
 * of the alert's incident) and, where known, `workflow`, `bucket`, `object`; the annotations `title` and `text` hold plain text. `resolve`
 * asks Alertmanager for the open alerts of the incident and posts them again, ended. A keyword stands in the annotation `text`. Told only by 200.
 * https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 */
const open: AlertDriver['open'] = (url) => {
  const { address, authorization, conditions } = readUrl(url)
  const { keyword, isFallback } = conditions
  const peer = peerAt('alertmanager', url)
  const headers = authorization === null ? {} : { authorization }

  async function put(alerts: readonly unknown[], deadline: Deadline): Promise<void> {
    const json = { ...headers, 'content-type': 'application/json' }
    expectTaken(await post(peer, address, JSON.stringify(alerts), json, deadline))
  }

  return {
    scheme: new URL(url).protocol.slice(0, -1),
    secrets: peer.secrets,
    endpoints: [endpointAt(address)],
    needs: [],
    limit: null,
    isFallback,
    shown: (alert) => fitted(alert, keyword).shown.items.length,
    send: (alert, deadline) => put([firing(alert, keyword, Date.now())], deadline),
    async resolve(incident, deadline) {
      const query = new URL(address)
      query.searchParams.set('filter', `incident="${digestOf(incident)}"`)
      const answer = await get(peer, query, headers, deadline, LONGEST_LIST)
      expectTaken(answer)
      const open = openAlerts(answer)
      const endsAt = new Date().toISOString()
      if (open.length > 0)
        await put(
          open.map((alert) => ({ ...alert, annotations: annotated(alert.annotations, keyword), endsAt })),
          deadline,
        )
    },
  }
}

interface AlertmanagerUrl {
  readonly address: URL
  readonly authorization: string | null
  readonly conditions: Conditions
}

function readUrl(url: string): AlertmanagerUrl {
  const parsed = URL.canParse(url) ? new URL(url) : null
  const scheme = parsed?.protocol === 'alertmanagers:' ? 'https' : 'http'
  const path = parsed?.pathname.replace(/\/$/, '') ?? ''
  const target = `${scheme}://${parsed?.host ?? ''}${path}/api/v2/alerts`
  if (
    parsed === null ||
    parsed.host === '' ||
    !parsed.search.slice(1).split('&').filter(Boolean).every(isCondition) ||
    parsed.hash !== '' ||
    // Of a password that has a "/".
    parsed.pathname.includes('@') ||
    !URL.canParse(target)
  ) {
    throw new Error(
      `alertmanager: the URL must look like alertmanager://host:9093 or alertmanagers://host/prefix; ${PERCENT_ENCODE}`,
    )
  }
  const address = new URL(target)
  const conditions = conditionsIn('alertmanager', parsed.searchParams, null)
  if (parsed.username === '') return { address, authorization: null, conditions }
  if (scheme === 'http' && !isLoopback(address)) {
    throw new Error('alertmanager: a password must not travel in the clear: use alertmanagers://')
  }
  const user = decoded(parsed.username, 'user name')
  const password = decoded(parsed.password, 'password')
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  return { address, authorization, conditions }
}

interface Annotations {
  readonly title: string
  readonly text: string
}

function fitted(alert: Alert, keyword: string | null): Fitted<Annotations> {
  return fitMessage(
    alert,
    (candidate) => {
      const { title } = candidate
      return { title, text: holdingBelow(title, textOf(candidate) || title, keyword) }
    },
    ({ text }) => bytesOf(text) <= LONGEST_TEXT,
  )
}

/** Those of an alert that is open already, which may have been posted without the keyword. */
function annotated(annotations: unknown, keyword: string | null): unknown {
  if (keyword === null || typeof annotations !== 'object') return annotations
  const { title = '', text = '' } = (annotations ?? {}) as { title?: unknown; text?: unknown }
  return { ...annotations, text: holdingBelow(String(title), String(text), keyword) }
}

function firing(alert: Alert, keyword: string | null, now: number): unknown {
  const lasts = alert.incident === null ? OPEN_MS.other : OPEN_MS.incident
  return {
    labels: labelsOf(alert),
    annotations: fitted(alert, keyword).message,
    startsAt: new Date(now).toISOString(),
    endsAt: new Date(now + lasts).toISOString(),
  }
}

function labelsOf(alert: Alert): Labels {
  const data = alert.event?.data
  const workflow = data && 'workflow' in data ? data.workflow : null
  const known = {
    workflow: workflow?.name ?? workflow?.id,
    bucket: data?.bucket,
    object: data?.object,
  }
  return {
    alertname: ALERT_NAME,
    severity: alert.severity,
    incident: digestOf(alert.incident ?? alert.id),
    // A label without text is none.
    ...Object.fromEntries(
      Object.entries(known)
        .filter((entry): entry is [string, string] => oneLine(entry[1] ?? '') !== '')
        .map(([name, value]) => [name, cut(value, LONGEST_LABEL)]),
    ),
  }
}

/** Letters and digits only, so that a matcher can name it without quoting rules. */
function digestOf(incident: string): string {
  return sha256(incident, 'hex').slice(0, 32)
}

interface OpenAlert {
  readonly labels: unknown
  readonly annotations: unknown
  readonly startsAt: unknown
}

function openAlerts({ peer, body }: HttpAnswer): OpenAlert[] {
  const alerts = listIn(body)
  if (alerts === null) throw failed(peer, 'answered 200, but not with a list of alerts')
  return alerts.map(({ labels, annotations, startsAt }) => ({
    labels,
    annotations,
    startsAt,
  }))
}

function listIn(body: string): OpenAlert[] | null {
  try {
    const value: unknown = JSON.parse(body)
    const isList = Array.isArray(value) && value.every((alert) => typeof alert === 'object' && alert !== null)
    return isList ? (value as OpenAlert[]) : null
  } catch {
    return null
  }
}

function expectTaken(answer: HttpAnswer): void {
  if (answer.status === 200) return
  throw refused(answer, {
    code: '',
    words: answer.body,
    meaning: answer.status === 404 ? WRONG_PREFIX : undefined,
  })
}

export const driver: AlertDriver = {
  schemes: ['alertmanager', 'alertmanagers'],
  form: 'alertmanager://host:9093/prefix',
  open,
}
