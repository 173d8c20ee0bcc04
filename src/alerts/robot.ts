import { endpointAt } from '../net/endpoint'
import { peerAt } from '../net/peer'
import { post, type HttpAnswer } from '../net/http'
import type { Alert } from './alert'
import type { AlertChannel } from './alert-channel'
import { addressOf, readChannelUrl } from './channel-url'
import { type Mentions, type MentionForm, NOBODY } from './conditions'
import { type Fitted, type FittedAlert, fitMessage } from './fit'
import { type Refusal, refused } from './refusal'

/** What a message must hold besides the alert. */
export interface Demands {
  readonly keyword: string | null
  /** Nobody, unless the alert is an error. */
  readonly mentions: Mentions
}

/** What tells one chat robot from another. */
export interface Robot<Message> {
  /** The form of its URL: `wecom://KEY`. */
  readonly form: string
  readonly parameters?: readonly string[]
  readonly mention: MentionForm
  readonly limit: AlertChannel['limit']
  readonly host: string
  /** Path and query of its address. */
  readonly path: (keys: readonly string[]) => string
  readonly message: (alert: FittedAlert, demands: Demands) => Message
  readonly fits: (message: Message) => boolean
  /** The request at this moment; a secret signs it. */
  readonly request: (
    message: Message,
    address: URL,
    secret: string | null,
  ) => {
    readonly address: URL
    readonly body: string
    /** The signature in it: for a while it lets in whoever has it. */
    readonly sign?: string | null
  }
  /** What an answer says; null: it took the message. */
  readonly refusal: (answer: HttpAnswer) => Refusal | null
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }

/** A robot in a group chat: one POST of JSON to an address that holds its key, judged by the answer's body. */
export function openRobot<Message>(url: string, robot: Robot<Message>): AlertChannel {
  const { form, parameters: own = [], mention } = robot
  const { keys, parameters, conditions } = readChannelUrl(url, { shape: form, parameters: own, mention })
  const scheme = form.slice(0, form.indexOf(':'))
  const peer = peerAt(scheme, url)
  const address = addressOf(scheme, parameters, robot.host, robot.path(keys))
  const secret = parameters.get('secret')
  const { keyword, mentions, isFallback } = conditions

  const fitted = (alert: Alert): Fitted<Message> => {
    const demands = { keyword, mentions: alert.severity === 'error' ? mentions : NOBODY }
    return fitMessage(alert, (candidate) => robot.message(candidate, demands), robot.fits)
  }
  return {
    scheme,
    secrets: peer.secrets,
    endpoints: [endpointAt(address)],
    needs: [],
    limit: robot.limit,
    isFallback,
    shown: (alert) => fitted(alert).shown.items.length,
    async send(alert, deadline) {
      const request = robot.request(fitted(alert).message, address, secret)
      const { sign = null } = request
      const signer = sign === null ? peer : { ...peer, secrets: [...peer.secrets, sign] }
      const answer = await post(signer, request.address, request.body, JSON_TYPE, deadline)
      const refusal = robot.refusal(answer)
      if (refusal !== null) throw refused(answer, refusal)
    },
  }
}
