import { sha256 } from '../sha256'
import { type Node, normalized } from './fields'
import type { Notice, Verdict } from './notice'

/** The message: CloudEvents 1.0, structured mode. Attributes that would be null are left out. */
export interface CloudEvent {
  readonly specversion: '1.0'
  /** `<RunId or JobId>:<State>`: the same for every repeat, so that a consumer can drop repeats. */
  readonly id: string
  /** `/cos/<BucketId>` */
  readonly source: string
  /** The object's key, where CloudEvents allows it. */
  readonly subject?: string
  readonly type: `com.tencentcloud.ci.${Notice['kind']}.${Verdict}`
  /** RFC 3339. */
  readonly time?: string
  readonly datacontenttype: 'application/json'
  readonly workflowid?: string
  readonly workflowname?: string
  readonly bucket?: string
  readonly tag?: string
  readonly state?: string
  readonly verdict: Verdict
  readonly data: Notice['data']
}

/** The attributes of an event that are its own, not CloudEvents'. */
export const EXTENSIONS = ['workflowid', 'workflowname', 'bucket', 'tag', 'state', 'verdict'] as const
export type Extensions = Partial<Record<(typeof EXTENSIONS)[number], string>>

export function extensionsOf(event: Extensions | null): Extensions {
  return Object.fromEntries(
    EXTENSIONS.flatMap((name) => (event?.[name] === undefined ? [] : [[name, event[name]]])),
  )
}

/** Makes the message of a notice. */
export function toCloudEvent(notice: Notice): CloudEvent {
  const { kind, verdict, bucket, object, workflow, tag, state, data } = notice
  const time = notice.endedAt ?? notice.createdAt
  return {
    specversion: '1.0',
    id: eventId(notice),
    source: `/cos/${encodeURIComponent(bucket ?? '')}`,
    ...(object !== null && isAllowed(object) && { subject: object }),
    type: `com.tencentcloud.ci.${kind}.${verdict}`,
    ...(time !== null && { time }),
    datacontenttype: 'application/json',
    ...attribute('workflowid', workflow?.id),
    ...attribute('workflowname', workflow?.name),
    ...attribute('bucket', bucket),
    ...attribute('tag', tag),
    ...attribute('state', state),
    verdict,
    data,
  }
}

/** The event with the callback as parsed; without, where it would be larger than the queue takes. */
export function withRaw(event: CloudEvent, raw: Node, largest: number): CloudEvent {
  const whole = { ...event, data: { ...event.data, raw: normalized(raw) } }
  return Buffer.byteLength(JSON.stringify(whole)) > largest ? event : whole
}

/** Longer than this an id is its SHA-256: AMQP takes 255 bytes. */
const LONGEST_ID = 200

function eventId({ id, state, unknownEvent }: Notice): string {
  const parts = unknownEvent === null ? [id, state] : [id, state, unknownEvent]
  const whole = parts.map(encodeURIComponent).join(':')
  return whole.length > LONGEST_ID ? sha256(whole, 'hex') : whole
}

/** Extension attributes are texts; what CloudEvents allows in none is left out. */
function attribute<Name extends string>(
  name: Name,
  value: string | null | undefined,
): { readonly [name in Name]?: string } {
  return value != null && isAllowed(value) ? ({ [name]: value } as { [name in Name]: string }) : {}
}

/** Control characters, halves of surrogate pairs and noncharacters are not (CloudEvents 1.0.2, "String"). */
function isAllowed(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text) || !/[\0-\x1f\x7f-\x9f]|\p{Cs}|\p{Noncharacter_Code_Point}/u.test(text)
}
