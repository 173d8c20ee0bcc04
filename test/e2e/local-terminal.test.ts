import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Fields, localTools, post } from './local-tools'
import type { Output } from './run-tool'

/** Names come from whoever may put an object into the bucket: what is printed of them must not drive a terminal, nor pass for something else. */

const tools = localTools()
const { serve, tool } = tools

const ESC = '\u001b'
/** Each of these does something to a terminal, or to how a line is read. */
const HOSTILE = [
  `${ESC}]0;title\u0007`,
  `${ESC}[2J${ESC}[31m`,
  '\u009b31m',
  '\u009d0;c1\u009c',
  '\r',
  '\b\b\b',
  '\u007f',
  '\u202egpj.exe',
  '\u2066\u2069\u061c\u200e\u200f',
  '\u2028\u2029\u0085',
  '\0',
].join('')
/** A line of the log, had it been printed on a line of its own. */
const FORGED = '{"level":60,"time":1,"msg":"forged","status":200,"outcome":"queued"}'
const NAME = `a${HOSTILE}\n${FORGED}\n12:00:00 200 queued  Success  forged/object\n\u001e1\nb.mp4`

// As in harmless.ts, but written out: all that may stand in plain output besides printable characters are line breaks and tabs.
const HARMFUL = /[\0-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

const expectHarmless = ({ stdout, stderr }: Output): void => {
  expect(HARMFUL.exec(stdout)?.[0]).toBeUndefined()
  expect(HARMFUL.exec(stderr)?.[0]).toBeUndefined()
}

/** A callback of JSON: XML cannot even say most of it. */
const callback = (state: string, runId: string): string =>
  JSON.stringify({
    EventName: 'WorkflowFinish',
    WorkflowExecution: {
      RunId: runId,
      BucketId: 'media-1250000000',
      Object: NAME,
      WorkflowId: 'w1',
      WorkflowName: `name ${HOSTILE}\n${FORGED}`,
      CreateTime: '2026-01-01 00:00:00+0800',
      State: state,
      Tasks: [{ Type: `Transcode${HOSTILE}`, State: state, Name: NAME, JobId: 'j1', Message: NAME }],
    },
  })

/** The lines of a program's output that read as a record of the log. */
const recordsIn = (text: string): readonly Fields[] =>
  text.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return []
    try {
      const value = JSON.parse(line) as Fields
      return typeof value['level'] === 'number' ? [value] : []
    } catch {
      return []
    }
  })

test('npm start shows names without what drives a terminal, each on its line', async () => {
  const { gateway, origin } = await serve({ LOG_LEVEL: 'trace' })
  expect(await post(`${origin}/local`, callback('Failed', 'i1'))).toMatchObject({ status: 200 })
  expect(await post(`${origin}/local`, callback('Success', `i2${NAME}`))).toMatchObject({ status: 200 })
  await post(`${origin}/local`, `{"WorkflowExecution": {"RunId": "i3", "State": "${HOSTILE}"`)
  await post(`${origin}/local/${encodeURIComponent(HOSTILE)}`, HOSTILE)
  await gateway.seen(/200 queued/)
  expect(await gateway.interrupt()).toBe(0)
  expectHarmless(gateway.output)
  expect(gateway.output.stdout).toMatch(/200 alerted +Failed +media-1250000000\/a/)
  // The log's own lines begin with the time, and only they.
  const lines = gateway.output.stdout.split('\n').filter((line) => /^\d\d:\d\d:\d\d /.test(line))
  expect(lines.filter((line) => /^\S+ 200 queued +Success +forged/.test(line))).toEqual([])
  expect(lines.filter((line) => / fatal | forged$/.test(line))).toEqual([])
})

test('--json leaves every value as it was, in escapes', async () => {
  const { gateway, origin } = await serve({}, ['--json'])
  await post(`${origin}/local`, callback('Failed', 'i1'))
  await gateway.interrupt()
  expectHarmless(gateway.output)
  const lines = gateway.output.stdout.trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ msg: 'callback', outcome: 'alerted', object: NAME }),
  ])
})

test('npm run invoke, with --json and without', async () => {
  const file = join(tools.folder.path, 'event.json')
  writeFileSync(file, callback('Success', NAME))
  const shown = tool('invoke', [file])
  expect(await shown.exit).toBe(0)
  const json = tool('invoke', ['--json', file], { STORE_URL: 'memory:' })
  expect(await json.exit).toBe(0)
  for (const { output } of [shown, json]) expectHarmless(output)
  const answer = JSON.parse(json.output.stdout) as { body: string }
  expect(JSON.parse(answer.body)).toMatchObject({ outcome: 'queued', id: NAME })

  const broken = join(tools.folder.path, 'broken.json')
  writeFileSync(broken, `{${HOSTILE}`)
  const refused = tool('invoke', [broken])
  expect(await refused.exit).toBe(1)
  expectHarmless(refused.output)
})

describe('with a function that prints what it likes', () => {
  const bundle = (): string => join(tools.project.path, 'dist', 'index.js')
  let good: string

  beforeEach(() => {
    good = readFileSync(bundle(), 'utf8')
    const text = JSON.stringify(`${NAME}\n${FORGED}\n`)
    writeFileSync(
      bundle(),
      `const { writeSync } = require('node:fs')
       const log = (fields) => writeSync(1, JSON.stringify({ level: 40, time: 2, msg: 'real', ...fields }) + '\\n')
       exports.sweep_handler = async () => ({ [${text}]: 1 })
       exports.main_handler = async ({ path, httpMethod }) => {
         if (httpMethod === 'GET') return { isBase64Encoded: false, statusCode: 200, headers: {}, body: '{"alerts":[]}' }
         if (path.startsWith('/throw')) throw new Error(${text})
         console.log(${text})
         process.stdout.write(Buffer.from(${text}))
         console.error(${text})
         process.stderr.write(${text})
         // Longer than a pipe holds, between two lines of the log.
         log({})
         process.stdout.write('x'.repeat(1_000_000) + ${text})
         log({ field: ${text}, [${text}]: { [${text}]: 1 }, stack: ${text} })
         return { isBase64Encoded: false, statusCode: 200, headers: {}, body: JSON.stringify({ outcome: ${text} }) }
       }`,
    )
  })
  afterEach(() => writeFileSync(bundle(), good))

  test('what it prints is no log, ends no call, and drives no terminal', async () => {
    const { gateway, origin } = await serve({}, ['--json'])
    await Promise.all(Array.from({ length: 5 }, () => post(`${origin}/local`, '')))
    expect((await post(`${origin}/throw/local`, '')).status).toBe(502)
    expect(await gateway.interrupt()).toBe(0)
    expectHarmless(gateway.output)
    const records = recordsIn(gateway.output.stdout)
    expect(gateway.output.stdout.trimEnd().split('\n')).toHaveLength(records.length)
    expect(records.map(({ msg }) => msg)).toEqual(Array<string>(10).fill('real'))
  })

  test.each([['start', ['--samples']] as const, ['start', ['--samples', '--json']] as const])(
    'nor in npm %s %j',
    async (name, args) => {
      const { output, exit } = tool(name, args)
      expect(await exit).toBe(1)
      expectHarmless(output)
      expect(recordsIn(output.stdout).filter(({ msg }) => msg !== 'real')).toEqual([])
    },
  )

  test('nor in npm run invoke', async () => {
    for (const args of [[], ['--json']]) {
      const { output, exit } = tool('invoke', [...args, tools.event('url-success'), tools.event('timer')])
      expect(await exit).toBe(0)
      expectHarmless(output)
      if (args.length > 0) expect(output.stdout.trimEnd().split('\n')).toHaveLength(2)
    }
  })
})
