import type { Random } from '../support/random'
import { callbackXml, runId, TOKEN } from '../artifact/callbacks'

/** A request that must not be routed, and the answers that it may get. */
export interface Forged {
  readonly kind: string
  readonly event: unknown
  readonly allowed: readonly number[]
}

type Fields = Readonly<Record<string, unknown>>
type Make = (dice: Random, number: number) => Omit<Forged, 'kind'>

const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~'
const SIX_MIB = 6 * 1024 * 1024

const text = (dice: Random, length: number): string =>
  Array.from({ length }, () => CHARACTERS[dice.int(CHARACTERS.length)]).join('')

const event = (fields: Fields): Fields => ({
  httpMethod: 'POST',
  path: `/${TOKEN}`,
  headers: { 'content-type': 'application/xml' },
  queryString: {},
  body: '',
  ...fields,
})

const valid = (number: number): string => callbackXml(runId('x', number), `input/${number}.mp4`)

/** With the right token, and a body that cannot be read. */
const unreadable =
  (make: (dice: Random, number: number) => Fields): Make =>
  (dice, number) => ({ event: event(make(dice, number)), allowed: [400] })

const wrongToken: Make = (dice, number) => {
  const at = dice.int(TOKEN.length)
  const token = dice.pick<() => string>([
    () => text(dice, dice.int(64)),
    () => TOKEN.slice(0, at),
    () => TOKEN.slice(at + 1),
    () => TOKEN + text(dice, 1 + dice.int(3)),
    () => TOKEN.slice(0, at) + (TOKEN[at] === 'x' ? 'y' : 'x') + TOKEN.slice(at + 1),
    () => TOKEN.toUpperCase(),
    () => `${TOKEN}\0`,
    () => `${TOKEN}%00`,
    () => ` ${TOKEN}`,
    () => `${TOKEN},${TOKEN}`,
    () => encodeURIComponent(TOKEN).replace('-', '%2D'),
    () => '',
  ])()
  const place = dice.pick<Fields>([
    { path: `/${token}` },
    { path: `/release/${token}` },
    { path: '/', queryString: { token } },
    { path: '/', queryString: `token=${encodeURIComponent(token)}` },
    { path: '/', queryStringParameters: { token: [token, token] } },
  ])
  return { event: event({ body: valid(number), ...place }), allowed: [401] }
}

/** The right token where none belongs. */
const otherPlace: Make = (dice, number) => {
  const place = dice.pick<Fields>([
    { path: `/${TOKEN}/${text(dice, 5)}` },
    { path: `/${TOKEN}/../x` },
    { path: `/x?token=${TOKEN}` },
    { path: `\\${TOKEN}` },
    { path: '/', queryString: { Token: TOKEN, tokens: TOKEN } },
    { path: '/', headers: { token: TOKEN, authorization: `Bearer ${TOKEN}`, 'x-original-url': `/${TOKEN}` } },
    { path: '/', body: `token=${TOKEN}` },
    { path: '/', requestContext: { path: '/', token: TOKEN } },
    { path: '/', pathParameters: { token: TOKEN }, headerParameters: { token: TOKEN } },
  ])
  return { event: event({ body: valid(number), ...place }), allowed: [401] }
}

const otherMethod: Make = (dice, number) => ({
  event: event({
    httpMethod: dice.pick([
      'PUT',
      'DELETE',
      'PATCH',
      'OPTIONS',
      'TRACE',
      'POST ',
      'P\u00d6ST',
      '',
      '__proto__',
    ]),
    body: valid(number),
  }),
  allowed: [405],
})

const truncated = unreadable((dice, number) => {
  const whole = valid(number).trimEnd()
  return { body: whole.slice(0, dice.int(whole.length)) }
})

const malformed = unreadable((dice, number) => {
  const whole = valid(number).trimEnd()
  const broken = dice.pick<string>([
    `${whole}${text(dice, 5)}`,
    `${whole}<more/>`,
    `${text(dice, 5)}${whole}`,
    whole.replace('</RunId>', '</Runid>'),
    whole.replace(/<RunId>.*<\/RunId>/, ''),
    whole.replace(/<RunId>.*<\/RunId>/, '<RunId/>'),
    whole.replace(/<RunId>.*<\/RunId>/, '<RunId><a>1</a></RunId>'),
    whole.replace(/<State>Success<\/State>\s*<Tasks>/, '<Tasks>'),
    whole.replaceAll('WorkflowExecution', text(dice, 1).replace(/[^a-z]/i, 'w') + 'Execution'),
    whole.replace('<Object>', '<Object>&undefined;'),
    whole.replace('<Object>', '<Object>&#xD800;'),
    whole.replace('<Object>', '<Object>&#x110000;'),
    whole.replace('<Object>', '<Object attribute=>'),
    whole.replace('<Object>', '<Object><![CDATA['),
    whole.replace('<Object>', `<Object>\ud800${number}`),
    `<!-- ${number} `,
    `<?xml version="1.0"?> `.repeat(1 + dice.int(3)),
  ])
  return { body: broken }
})

const bomb = unreadable((dice, number) => {
  const laughs = Array.from({ length: 10 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join(
    '',
  )
  const doctype = dice.pick<string>([
    `<!DOCTYPE lolz [<!ENTITY l0 "lol${number}">${laughs}]>`,
    `<!DOCTYPE foo [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>`,
    `<!DOCTYPE foo SYSTEM "http://127.0.0.1:1/${number}.dtd">`,
    `<!DOCTYPE foo [<!ENTITY % p SYSTEM "http://127.0.0.1:1/">%p;]>`,
    `<!DOCTYPE Response>`,
    `<!doctype html>`,
  ])
  return {
    body:
      doctype +
      valid(number)
        .replace(/^<\?xml.*\n/, '')
        .replace('<Object>', '<Object>&l10;&xxe;'),
  }
})

const deep = unreadable((dice, number) => {
  const depth = 65 + dice.int(dice.pick([100, 10_000]))
  return {
    body: dice.pick<string>([
      `<a>${number}`.repeat(depth),
      `${'<a>'.repeat(depth)}${number}${'</a>'.repeat(depth)}`,
      valid(number).replace('<Object>', `<Object>${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}`),
      '['.repeat(depth),
      '{"a":'.repeat(depth),
      `{"a":${'['.repeat(depth)}${']'.repeat(depth)},"n":${number}}`,
    ]),
  }
})

const badBase64 = unreadable((dice, number) => {
  const good = Buffer.from(valid(number)).toString('base64')
  const at = dice.int(good.length)
  return {
    isBase64Encoded: dice.pick<unknown>([true, 'true']),
    body: dice.pick<string>([
      `${good.slice(0, at)}${dice.pick(['!', '-', '%', '\u4e2d', '\0'])}${good.slice(at)}`,
      `${good.slice(0, at)}=${good.slice(at + 1)}x`,
      valid(number),
      `data:text/xml;base64,${good}`,
    ]),
  }
})

const badUtf8 = unreadable((dice, number) => {
  const bytes = Buffer.from(valid(number))
  const at = bytes.indexOf('input/') + dice.int(6)
  const fault = dice.pick<readonly number[]>([
    [0xff],
    [0xc3, 0x28],
    [0xed, 0xa0, 0x80],
    [0xf5, 0x80, 0x80, 0x80],
    [0xc0, 0xaf],
  ])
  return {
    isBase64Encoded: true,
    body: Buffer.concat([bytes.subarray(0, at), Buffer.from(fault), bytes.subarray(at)]).toString('base64'),
  }
})

const wrongJson = unreadable((dice, number) => {
  const odd = dice.pick<unknown>([null, [], {}, [null], { a: number }, '', '-', [['x']]])
  return {
    body: dice.pick<string>([
      JSON.stringify({ WorkflowExecution: odd }),
      JSON.stringify({ JobsDetail: odd, n: number }),
      JSON.stringify({ WorkflowExecution: { RunId: odd, State: 'Success' } }),
      JSON.stringify({ WorkflowExecution: { RunId: `i${number}`, State: odd } }),
      JSON.stringify({ Response: odd }),
      JSON.stringify({ constructor: { RunId: 'x', State: 'Success' }, n: number }),
      `{"__proto__":{"WorkflowExecution":{"RunId":"i${number}","State":"Success"}}}`,
      JSON.stringify({ WorkflowExecution: { RunId: `i${number}`, State: 'Success' } }).slice(
        0,
        -1 - dice.int(10),
      ),
      `{"WorkflowExecution":{"RunId":"i${number}","State":"Success",}}`,
      `{} ${number}`,
      String(number),
      '"text"',
      'null',
    ]),
  }
})

const noise = unreadable((dice) => {
  const bytes = Buffer.from(Array.from({ length: dice.int(300) }, () => dice.int(256)))
  return dice.pick<Fields>([
    { body: bytes.toString('base64'), isBase64Encoded: true },
    { body: `x${bytes.toString('latin1')}` },
    { body: `<${bytes.toString('latin1')}` },
    { body: `{${bytes.toString('latin1')}` },
    { body: '' },
    { body: ' \r\n\t'.repeat(dice.int(50)) },
  ])
})

const oversized: Make = (dice, number) => {
  const isAuthentic = number % 2 === 0
  const body = valid(number).replace('<Object>', `<Object>${'a'.repeat(SIX_MIB + dice.int(1000))}`)
  return {
    event: event({ path: `/${isAuthentic ? TOKEN : 'guess'}`, body }),
    allowed: [isAuthentic ? 413 : 401],
  }
}

const oddValue = (dice: Random): unknown =>
  dice.pick<unknown>([
    undefined,
    null,
    true,
    0,
    -1,
    1e308,
    NaN,
    12n,
    '',
    text(dice, 8),
    [],
    [[[]]],
    {},
    { toString: 'no function' },
    { length: 1e9 },
    [TOKEN],
    { [TOKEN]: TOKEN },
    { __proto__: null },
    new Map([['token', TOKEN]]),
    new Date(0),
    new Uint8Array(16),
  ])

/** No event at all, or one whose fields are of other types. */
const wrongTypes: Make = (dice, number) => {
  const fields = [
    'httpMethod',
    'path',
    'headers',
    'queryString',
    'queryStringParameters',
    'body',
    'isBase64Encoded',
    'requestContext',
  ]
  const broken = Object.fromEntries(
    fields.filter(() => dice.int(2) === 0).map((name) => [name, oddValue(dice)]),
  )
  return dice.pick<() => Omit<Forged, 'kind'>>([
    () => ({ event: oddValue(dice), allowed: [401] }),
    () => ({ event: { ...event({ path: '/guess', body: valid(number) }), ...broken }, allowed: [401] }),
    () => ({
      event: {
        ...event({ body: valid(number) }),
        ...broken,
        path: `/${TOKEN}`,
        body: dice.pick<unknown>([undefined, null, 1, true, {}, [], { length: 3 }, [valid(number)]]),
      },
      allowed: [400, 405],
    }),
    () => ({
      event: {
        ...event({ body: valid(number) }),
        requestContext: oddValue(dice),
        httpMethod: dice.pick<unknown>([null, 1, true, {}, [], ['POST']]),
      },
      allowed: [405],
    }),
  ])()
}

/** Not final: authentic and readable, but owed to nobody. */
const notFinal: Make = (dice, number) => ({
  event: event({
    body: callbackXml(runId('x', number), `${text(dice, 20)}.mp4`, dice.pick(['Submitted', 'Running'])),
  }),
  allowed: [200],
})

const KINDS: Readonly<Record<string, Make>> = {
  'wrong token': wrongToken,
  'token in another place': otherPlace,
  'other method': otherMethod,
  truncated,
  malformed,
  'entity bomb or DOCTYPE': bomb,
  'too deep': deep,
  'bad base64': badBase64,
  'invalid UTF-8': badUtf8,
  'wrong JSON': wrongJson,
  noise,
  'wrong types in the event': wrongTypes,
  'not final': notFinal,
}

/** So many forged or mutated requests, all kinds in turn; of 6 MiB and more only a few. */
export function* forgedRequests(dice: Random, count: number, oversizedCount: number): Generator<Forged> {
  const kinds = Object.entries(KINDS)
  for (let number = 0; number < oversizedCount; number += 1)
    yield { kind: 'oversized', ...oversized(dice, number) }
  for (let number = oversizedCount; number < count; number += 1) {
    const [kind, make] = kinds[number % kinds.length]!
    yield { kind, ...make(dice, number) }
  }
}
