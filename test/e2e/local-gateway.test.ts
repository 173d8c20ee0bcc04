import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { openFileStore } from '../support/open-drivers'
import { createRabbitQueue } from '../support/rabbit-queue'
import { startRedis } from '../support/redis-server'
import { describeService } from '../support/services'
import { type Fields, linesOf, localTools, post } from './local-tools'
import type { RunningTool } from './run-tool'

const tools = localTools()
const { tool, serve, body, event, queued } = tools

describe('npm start', () => {
  test('relays callbacks of both kinds of event: successes to disk before the answer, failures to the console', async () => {
    const { gateway, origin } = await serve()

    const success = await post(`${origin}/local`, body('success.xml'))
    expect(success).toEqual({
      status: 200,
      body: { outcome: 'queued', id: expect.stringMatching(/^i/), state: 'Success' },
    })
    expect(queued()).toEqual([
      expect.objectContaining({
        id: `${String(success.body.id)}:Success`,
        subject: '课程录像/2026春/第03讲 傅里叶变换 & 采样.mp4',
      }),
    ])

    expect(await post(`${origin}/local`, body('success.xml'))).toMatchObject({
      status: 200,
      body: { outcome: 'duplicate' },
    })
    expect(await post(`${origin}/apigw/any/local`, body('success.json'))).toMatchObject({
      status: 200,
      body: { outcome: 'queued' },
    })
    expect(queued()).toHaveLength(2)

    expect(await post(`${origin}/apigw/?token=local`, body('failed.xml'))).toMatchObject({
      status: 200,
      body: { outcome: 'alerted' },
    })
    await gateway.seen(/│ .*课程转码/)
    await gateway.seen(/200 alerted +Failed +course-media-1250000000\/课程录像/)
    expect(await gateway.interrupt()).toBe(0)
    expect(gateway.output.stderr).toBe('')
  })

  test('answers as the cloud would to what is no callback', async () => {
    const { origin } = await serve()
    expect(await post(`${origin}/local`, '<Response><Wor')).toMatchObject({
      status: 400,
      body: { error: 'malformed-xml' },
    })
    expect(await post(`${origin}/other`, body('success.xml'))).toEqual({
      status: 401,
      body: { error: 'unauthorized' },
    })
    expect(await post(`${origin}/local`, ' '.repeat(6 * 1024 * 1024 + 1))).toMatchObject({
      status: 413,
      body: { error: 'too-large' },
    })
    expect(await post(`${origin}/local`, ' '.repeat(9 * 1024 * 1024))).toMatchObject({
      status: 413,
      body: { error: 'too-large' },
    })

    const put = await fetch(`${origin}/local`, { method: 'PUT', body: 'x' })
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])

    const look = await fetch(`${origin}/local`)
    expect([look.status, await look.json()]).toEqual([
      200,
      expect.objectContaining({ queue: 'file', alerts: ['console'], store: 'file' }),
    ])
    expect(existsSync(join(tools.folder.path, '.relay', 'queue.jsonl'))).toBe(false)
  })

  test('hands binary bodies over as base64', async () => {
    const { origin } = await serve()
    const octets = { 'Content-Type': 'application/octet-stream' }
    expect(await post(`${origin}/local`, body('success.xml'), octets)).toMatchObject({
      body: { outcome: 'queued' },
    })
    expect(await post(`${origin}/apigw/local`, body('success.json'), octets)).toMatchObject({
      body: { outcome: 'queued' },
    })
    const broken = Buffer.concat([Buffer.from('<Response>'), Buffer.from([0xff, 0xfe])])
    for (const url of [`${origin}/local`, `${origin}/apigw/local`])
      expect(await post(url, broken)).toMatchObject({ status: 400, body: { error: 'bad-utf8' } })
  })

  test('stops on SIGTERM too, and then listens no longer', async () => {
    const { gateway, origin } = await serve()
    gateway.child.kill('SIGTERM')
    expect(await gateway.exit).toBe(0)
    await expect(fetch(`${origin}/local`)).rejects.toThrow()
  })

  test('--json leaves the log as it is, alone on standard output but for the alerts of console:', async () => {
    const alerts = join(tools.folder.path, 'alerts.jsonl')
    const { gateway, origin } = await serve({ ALERT_URLS: `file:${alerts}` }, ['--json'])
    await post(`${origin}/local`, body('failed.xml'))
    expect(linesOf(alerts)).toEqual([
      expect.objectContaining({ severity: 'error', title: expect.stringContaining('第04讲') }),
    ])
    await gateway.interrupt()
    const records = gateway.output.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(records).toEqual([expect.objectContaining({ msg: 'callback', status: 200, outcome: 'alerted' })])
  })

  test('--sweep runs the sweep, again and again', async () => {
    const { gateway, origin } = await serve({}, ['--sweep', '1', '--json'])
    const sweeps = (): number =>
      gateway.output.stdout.split('\n').filter((line) => line.includes('"msg":"sweep"')).length
    while (sweeps() < 2) await new Promise((resolve) => setTimeout(resolve, 50))
    const { lastSweep } = (await (await fetch(`${origin}/local`)).json()) as { lastSweep: string }
    expect(Math.abs(Date.now() - Date.parse(lastSweep))).toBeLessThan(10_000)
    gateway.child.kill('SIGTERM')
    expect(await gateway.exit).toBe(0)
  })

  test.each<[args: string[], isLate: boolean]>([
    [[], false],
    [['--sweep', '99'], true],
    [['--sweep', '9999'], false],
  ])('%j: an hour without a sweep is late: %p', async (args, isLate) => {
    const notes = openFileStore(`file:${tools.folder.path}/.relay/store`, {
      credentials: () => null,
      region: null,
    })
    await notes.setNote('last-sweep', String(Date.now() - 3_600_000), null)
    const { gateway, origin } = await serve({}, [...args, '--json'])
    expect(await post(`${origin}/local`, body('success.xml'))).toMatchObject({ status: 200 })
    await gateway.interrupt()
    expect(gateway.output.stdout.includes('"msg":"the sweep does not run')).toBe(isLate)
    expect(gateway.output.stderr.includes('No sweep has run for 60 minutes')).toBe(isLate)
  })

  test.each([
    [['--sweep', '0'], /^npm start: --sweep takes whole seconds, from 1 to 99999/],
    [['--sweep', '5m'], /^npm start: --sweep takes whole seconds/],
    [['--sweep', '5', '--samples'], /^npm start: --samples sweeps once by itself/],
  ])('%j is refused', async (args, message) => {
    const { output, exit } = tool('start', args)
    expect(await exit).toBe(1)
    expect(output.stderr).toMatch(message)
  })

  test('--watch loads each good build and keeps the last one when a build fails', async () => {
    const { gateway, origin } = await serve({}, ['--watch'])
    await gateway.seen(/Watching/)
    const file = join(tools.project.path, 'src', 'relay', 'relay.ts')
    const source = readFileSync(file, 'utf8')
    const saved = (text: string): void => writeFileSync(file, text)
    const statuses: number[] = []
    let asking = true
    const keepAsking = async (): Promise<void> => {
      while (asking) {
        statuses.push(
          await fetch(`${origin}/x`).then(
            ({ status }) => status,
            () => 0,
          ),
        )
        // Leaves the builds their time.
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    try {
      void keepAsking()
      const changed = source.replace("'unauthorized'", "'go-away'")
      expect(changed).not.toBe(source)
      saved(changed)
      await gateway.seen(/loaded again/)
      expect(await post(`${origin}/x`, '')).toEqual({ status: 401, body: { error: 'go-away' } })
      saved(`${changed}\nconst broken: = 1`)
      await gateway.seen(/the build failed; still serving the last good one/, 'stderr')
      expect(await post(`${origin}/x`, '')).toEqual({ status: 401, body: { error: 'go-away' } })
      saved(source)
      await gateway.seen(/loaded again[^]*loaded again/)
      expect(await post(`${origin}/x`, '')).toEqual({ status: 401, body: { error: 'unauthorized' } })
    } finally {
      asking = false
      saved(source)
    }
    expect(statuses.length).toBeGreaterThan(10)
    expect(new Set(statuses)).toEqual(new Set([401]))
    expect(await gateway.interrupt()).toBe(0)
  }, 120_000)

  test.each<[string, Record<string, string>, string[], RegExp]>([
    [
      'an unknown option',
      {},
      ['--sample'],
      /^npm start: unknown option --sample; use: --samples, --watch, --sweep, --json, --help\n$/,
    ],
    [
      'an option that npm took for its own',
      { npm_config_samples: 'true' },
      [],
      /^npm start: npm took --samples for an option of its own: write npm start -- --samples\n$/,
    ],
    ['a file', {}, ['a.json'], /^npm start: .*npm run invoke -- a\.json\n$/],
    ['a bad port', { PORT: '99999' }, [], /^npm start: PORT: not a port number/],
    [
      'an address of another machine',
      { HOST: '192.0.2.1', CALLBACK_TOKEN: 'a-token-of-22-characters' },
      [],
      /^npm start: HOST: this machine has no such address/,
    ],
    [
      'bad words',
      { VERIFY: 'maybe', ALERT_LANG: 'fr' },
      [],
      /not usable:\n {2}- VERIFY: [^\n]+\n {2}- ALERT_LANG: /,
    ],
    [
      'a scheme nobody knows',
      { QUEUE_URL: 'zap://user:hunter22@host/q' },
      [],
      /^npm start: the configuration is not usable:\n {2}- QUEUE_URL: /,
    ],
    [
      'a reason kept back',
      { VERIFY: 'maybe', LOG_LEVEL: 'silent' },
      [],
      /LOG_LEVEL: silent keeps the reason back/,
    ],
  ])('refuses %s with a clear error', async (_what, env, args, message) => {
    const { output, exit } = tool('start', args, env)
    expect(await exit).toBe(1)
    expect(output.stderr).toMatch(message)
    expect(output.stderr + output.stdout).not.toContain('hunter22')
  })

  test('says that its port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const { output, exit } = tool('start', [], { PORT: String(port) })
    expect(await exit).toBe(1)
    expect(output.stderr).toContain(`port ${port} on 127.0.0.1 is in use`)
    other.close()
  })

  test('--help says what there is', async () => {
    const { output, exit } = tool('start', ['--help'])
    expect(await exit).toBe(0)
    for (const word of ['--samples', '--watch', '--sweep', '--json', 'PORT', 'QUEUE_URL'])
      expect(output.stdout).toContain(word)
  })
})

describeService('rabbitmq', (address) => {
  test('ends by itself while AMQP and Redis connections are open', async () => {
    const redis = await startRedis()
    const queue = await createRabbitQueue(address, `local-${String(process.pid)}`)
    try {
      const env = { QUEUE_URL: queue.url(), STORE_URL: `redis://${redis.address}/0` }
      const { gateway, origin, token } = await serve(env)
      const sent = await post(`${origin}/${token}`, body('success.xml'))
      expect(sent.body).toMatchObject({ outcome: 'queued' })
      const invoked = tool('invoke', [event('apigw-success')], env)
      expect(await invoked.exit).toBe(0)
      expect(await gateway.interrupt()).toBe(0)
      expect(gateway.output.stderr).toBe('')
      expect(invoked.output.stderr).not.toContain('killed')
      expect(await queue.drain()).toHaveLength(2)
    } finally {
      await queue.remove()
      await redis.stop()
    }
  })
})

describe('npm start, with a function that misbehaves', () => {
  const bundle = (): string => join(tools.project.path, 'dist', 'index.js')
  let good: string

  beforeEach(() => {
    good = readFileSync(bundle(), 'utf8')
    writeFileSync(
      bundle(),
      `const answer = (body) => ({ isBase64Encoded: false, statusCode: 200, headers: {}, body: JSON.stringify(body) })
       exports.main_handler = async ({ path }, context) => {
         if (path === '/exit') process.exit(7)
         if (path === '/throw') throw new Error('thrown with local-secret-1 in it')
         if (path === '/odd') return 'just text'
         if (path === '/binary') return { isBase64Encoded: true, statusCode: 201, headers: { 'X-A': 'b' }, body: 'AP8=' }
         if (path === '/slow') await new Promise((resolve) => setTimeout(resolve, 700))
         return answer({ alerts: [], remaining: context.getRemainingTimeInMillis(), limit: context.time_limit_in_ms, id: context.request_id })
       }`,
    )
  })
  afterEach(() => writeFileSync(bundle(), good))

  test('answers 502, says why without secrets, and goes on serving', async () => {
    const { gateway, origin } = await serve({ QUEUE_URL: 'http://127.0.0.1:9/#secret=local-secret-1' })
    for (const [path, why] of [
      ['/throw', /thrown with \[redacted\] in it/],
      ['/odd', /no integrated response/],
      ['/exit', /ended by itself \(exit code 7\)/],
    ] as const) {
      expect(await post(origin + path, '')).toMatchObject({ status: 502, body: { error: 'local-gateway' } })
      await gateway.seen(why, 'stderr')
      const next = await post(`${origin}/`, '')
      expect(next).toMatchObject({
        status: 200,
        body: { limit: 10_000, id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      })
      expect(next.body['remaining']).toBeGreaterThan(5_000)
    }
    const binary = await fetch(`${origin}/binary`)
    expect([binary.status, binary.headers.get('x-a'), ...new Uint8Array(await binary.arrayBuffer())]).toEqual(
      [201, 'b', 0, 255],
    )
    expect(await gateway.interrupt()).toBe(0)
  })

  test('answers what is under way before it stops', async () => {
    const { gateway, origin } = await serve()
    const slow = post(`${origin}/slow`, '')
    await post(`${origin}/`, '')
    const exit = gateway.interrupt()
    expect(await slow).toMatchObject({ status: 200 })
    expect(await exit).toBe(0)
  })
})

describe('npm start -- --samples', () => {
  test('shows where things go, an alert with its reason, every event in a table, what to do next, and ends', async () => {
    const { output, exit } = tool('start', ['--samples'])
    expect(await exit).toBe(0)
    for (const file of readdirSync(join(tools.project.path, 'events')).filter((name) =>
      name.endsWith('.json'),
    ))
      expect(output.stdout).toMatch(new RegExp(`^✓ ${file.replace('.json', '')} `, 'm'))
    expect(output.stdout).toMatch(/^✓ url-success +200 +queued +file:\.relay\/queue\.jsonl$/m)
    expect(output.stdout).toMatch(/^✓ wrong-token +401 +unauthorized +nowhere: refused$/m)
    expect(output.stdout).toMatch(/^✓ timer +- +swept +delivered 0, /m)
    expect(output.stdout).toMatch(
      /^ +Successes go to +file:[^]+^job-failed\n {2}│ 🔴 Job failed: [^]+Reason: InputFileFormatError[^]+^ +event +status[^]+^Next:\n {2}npm start [^]+\n {2}npx serverless deploy .*\n$/m,
    )
    expect(output.stdout.match(/│ (🔴|🟠)/gu)).toHaveLength(1)
    expect(output.stderr).toBe('')
    expect(queued().length).toBe([...output.stdout.matchAll(/^✓ \S+ +200 +queued/gm)].length)
  })

  test.each([
    [{ LANG: 'zh_CN.UTF-8' }, '任务执行失败'],
    [{ LC_ALL: 'en_US.UTF-8', LANG: 'zh_CN.UTF-8' }, 'Job failed'],
    [{ LANG: 'zh_CN.UTF-8', ALERT_LANG: 'en' }, 'Job failed'],
  ])('speaks the language of the terminal: %j', async (env, words) => {
    const { output, exit } = tool('start', ['--samples'], { ...env, STORE_URL: 'memory:' })
    expect(await exit).toBe(0)
    expect(output.stdout).toContain(`│ 🔴 ${words}`)
  })

  test('knows the events again the second time, under any token', async () => {
    expect(await tool('start', ['--samples'], { CALLBACK_TOKEN: 'first,second' }).exit).toBe(0)
    const before = queued()
    const { output, exit } = tool('start', ['--samples'])
    expect(await exit).toBe(0)
    expect(output.stdout).toMatch(/^✓ url-success +200 +duplicate +nowhere: done before$/m)
    expect(queued()).toEqual(before)
  })

  test('shows what is parked and where, and fails when an event is answered otherwise', async () => {
    writeFileSync(join(tools.folder.path, 'not-a-folder'), '')
    const { output, exit } = tool('start', ['--samples'], { QUEUE_URL: 'file:not-a-folder/queue.jsonl' })
    expect(await exit).toBe(1)
    expect(output.stdout).toMatch(
      /^✗ url-success +200 +parked +file waits in file:\.relay\/store\n +wanted: 200 queued$/m,
    )
  })
})

describe('npm run invoke', () => {
  const answersIn = ({ output }: RunningTool): readonly Fields[] =>
    output.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))

  test('calls the function with events and bare callbacks alike', async () => {
    const bodies = join(tools.project.path, 'events', 'bodies')
    const files = [
      event('apigw-base64'),
      join(bodies, 'success.xml'),
      join(bodies, 'success.json'),
      event('timer'),
    ]
    const invoked = tool('invoke', ['--json', ...files])
    expect(await invoked.exit).toBe(0)
    const [base64, xml, json, timer] = answersIn(invoked)
    for (const answer of [base64, xml, json])
      expect(answer).toMatchObject({ statusCode: 200, body: expect.stringContaining('"outcome":"queued"') })
    expect(timer).toMatchObject({ delivered: 0, waiting: 0 })
    expect(queued()).toHaveLength(3)
  })

  test('prints an answer for a person, the alert, and the log apart', async () => {
    const { output, exit } = tool('invoke', [event('job-failed')])
    expect(await exit).toBe(0)
    expect(output.stdout).toMatch(/│ .*Job failed[^]*job-failed\.json {2}200\n\{\n {2}"outcome": "alerted",/)
    expect(output.stderr).toMatch(/200 alerted +Failed/)
  })

  test('reads standard input, and wraps what is not UTF-8', async () => {
    expect(await tool('invoke', ['-'], {}, body('failed.xml')).exit).toBe(0)
    const latin1 = join(tools.folder.path, 'latin1.xml')
    writeFileSync(latin1, Buffer.from('<Response>\u00e9</Response>', 'latin1'))
    const invoked = tool('invoke', ['--json', latin1])
    expect(await invoked.exit).toBe(1)
    expect(answersIn(invoked)[0]).toMatchObject({ body: expect.stringContaining('"error":"bad-utf8"') })
  })

  test('--expect turns the exit code around', async () => {
    expect(await tool('invoke', [event('malformed')]).exit).toBe(1)
    expect(await tool('invoke', ['--expect', '400', event('malformed'), event('doctype')]).exit).toBe(0)
    expect(await tool('invoke', ['--expect', '400', event('url-success')]).exit).toBe(1)
  })

  test('gives the samples the token that is set', async () => {
    const { exit } = tool('invoke', [event('url-success'), event('apigw-success')], {
      CALLBACK_TOKEN: 'of-my-own',
    })
    expect(await exit).toBe(0)
  })

  test.each([
    ['none', [], 'name at least one file'],
    ['one that is missing', ['missing.json'], 'missing.json: no such file'],
    ['a folder', ['.'], '.: is a folder'],
    ['an empty one', ['empty'], 'empty: is empty'],
    ['prose', ['prose'], 'prose: is neither an event (JSON) nor a callback (XML or JSON)'],
    ['broken JSON', ['broken.json'], 'broken.json: begins like JSON but is not'],
    [
      'a good one before a missing one',
      [join(__dirname, '..', '..', 'events', 'url-success.json'), 'missing.json'],
      'no such file',
    ],
    ['a status that is none', ['--expect', 'yes', 'prose'], '--expect needs an HTTP status'],
  ])('refuses %s before it calls anything', async (_what, args, message) => {
    writeFileSync(join(tools.folder.path, 'empty'), '\n')
    writeFileSync(join(tools.folder.path, 'prose'), 'Dear relay')
    writeFileSync(join(tools.folder.path, 'broken.json'), '{"httpMethod": "POST",}')
    const { output, exit } = tool('invoke', args)
    expect(await exit).toBe(1)
    expect(output.stderr).toContain(`npm run invoke: `)
    expect(output.stderr).toContain(message)
    expect(output.stdout).toBe('')
    expect(existsSync(join(tools.folder.path, '.relay'))).toBe(false)
  })
})

test('no output, answer or file but the queue shows the token or a credential', async () => {
  const token = 'T0kenOfTheCallbackUrl-2026'
  const secrets = [token, 'hunter22', 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0', 'Robot-Key-0123456789']
  // Both refuse connections: the deliveries fail, and are parked with the reason.
  const env = {
    CALLBACK_TOKEN: token,
    QUEUE_URL: `amqp://relay:hunter22@127.0.0.1:9/vhost?queue=media`,
    ALERT_URLS: `wecom://Robot-Key-0123456789?endpoint=http://127.0.0.1:9 http://127.0.0.1:9/hook#secret=whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0 console:`,
    LOG_LEVEL: 'trace',
  }
  const { gateway, origin } = await serve(env)
  const seen: string[] = []
  for (const path of [`/${token}`, `/apigw/x?token=${token}`, '/wrong', `/${token}/`]) {
    for (const name of ['success.xml', 'failed.xml', 'job-failed.xml'])
      seen.push(JSON.stringify(await post(origin + path, body(name))))
    seen.push(await (await fetch(origin + path)).text(), JSON.stringify(await post(origin + path, '<a>')))
  }
  expect(seen.join()).toContain('parked')
  expect(await gateway.interrupt()).toBe(0)
  const samples = tool('start', ['--samples', '--json'], env)
  await samples.exit
  const invoked = tool('invoke', [event('url-failed'), event('timer')], env)
  await invoked.exit
  for (const { output } of [gateway, samples, invoked]) seen.push(output.stdout, output.stderr)
  for (const name of readdirSync(tools.folder.path, { recursive: true, encoding: 'utf8' })) {
    const path = join(tools.folder.path, name)
    seen.push(name, statSync(path).isFile() ? readFileSync(path, 'utf8') : '')
  }
  const everything = seen.join('\n')
  expect(everything.length).toBeGreaterThan(5_000)
  for (const secret of secrets) expect(everything).not.toContain(secret)
}, 60_000)
