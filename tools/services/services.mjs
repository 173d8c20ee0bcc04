// Real servers for the tests, on loopback, on ports of their own, with all they write under .services/.
//
//   node tools/services/services.mjs up [name…]    install what is missing, start, wait until each answers
//   node tools/services/services.mjs down [name…]  stop what `up` started
//   node tools/services/services.mjs status        one line a server; --json for the tests
import '../cli/node-version.cjs'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const sleep = promisify(setTimeout)
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '.services')
const HOST = '127.0.0.1'
const START_DEADLINE_MS = 90_000
const STOP_DEADLINE_MS = 20_000

const EPMD_PORT = 4390
const KAFKA_VERSION = '3.9.1'
/** A user as CKafka names them (`instance#name`), and a password that must be percent-encoded in a URL. */
const KAFKA_USER = 'ckafka-1#relay'
const KAFKA_PASSWORD = 's3cret/@:%'

const SERVICES = {
  rabbitmq: {
    port: 5690,
    packages: { '/usr/lib/rabbitmq/bin/rabbitmq-server': 'rabbitmq-server', '/usr/bin/epmd': 'erlang-base' },
    probe: (port) => talk(port, Buffer.from('AMQP\0\0\x09\x01', 'latin1'), (answer) => answer[0] === 1),
    prepare: prepareRabbitmq,
  },
  redis: {
    port: 6390,
    packages: { '/usr/bin/redis-server': 'redis-server' },
    probe: (port) => talk(port, Buffer.from('PING\r\n'), (answer) => answer.toString().startsWith('+PONG')),
    prepare: prepareRedis,
  },
  alertmanager: {
    port: 9190,
    packages: { '/usr/bin/prometheus-alertmanager': 'prometheus-alertmanager' },
    probe: (port) =>
      talk(port, Buffer.from(`GET /-/ready HTTP/1.0\r\nHost: ${HOST}\r\n\r\n`), (answer) =>
        answer.toString().includes(' 200 '),
      ),
    prepare: prepareAlertmanager,
  },
  kafka: {
    port: 9290,
    packages: {
      '/usr/bin/java': 'openjdk-17-jre-headless',
      '/usr/bin/mvn': 'maven',
      '/usr/bin/openssl': 'openssl',
    },
    // ApiVersions, version 0, correlation id 7, no client id.
    probe: (port) =>
      talk(
        port,
        Buffer.from('0000000a0012000000000007ffff', 'hex'),
        (answer) => answer.length >= 8 && answer.readInt32BE(4) === 7,
      ),
    prepare: prepareKafka,
  },
}

/** What to run: each process is started in turn and stopped in the opposite order. */
function prepareRabbitmq(dir, port) {
  const config = write(dir, 'rabbitmq.conf', [
    `listeners.tcp.1 = ${HOST}:${port}`,
    'log.console = true',
    'log.console.level = warning',
    'log.file = false',
    'vm_memory_high_watermark.absolute = 1GB',
    'disk_free_limit.absolute = 50MB',
  ])
  const env = {
    HOME: dir,
    ERL_EPMD_ADDRESS: HOST,
    ERL_EPMD_PORT: String(EPMD_PORT),
    RABBITMQ_CONF_ENV_FILE: write(dir, 'rabbitmq-env.conf', []),
    RABBITMQ_CONFIG_FILE: config,
    RABBITMQ_ENABLED_PLUGINS_FILE: write(dir, 'enabled_plugins', ['[].']),
    RABBITMQ_NODENAME: 'cos-callback-relay@localhost',
    RABBITMQ_DIST_PORT: String(port + 20_000),
    RABBITMQ_MNESIA_BASE: resolve(dir, 'data'),
    RABBITMQ_LOG_BASE: resolve(dir, 'log'),
    RABBITMQ_PID_FILE: resolve(dir, 'rabbitmq.pid'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none',
  }
  return [
    { name: 'epmd', command: 'epmd', args: ['-address', HOST, '-port', String(EPMD_PORT)], env },
    { name: 'rabbitmq', command: '/usr/lib/rabbitmq/bin/rabbitmq-server', args: [], env },
  ]
}

function prepareRedis(dir, port) {
  const args = ['--bind', HOST, '--port', String(port), '--dir', dir, '--save', '', '--appendonly', 'no']
  return [{ name: 'redis', command: 'redis-server', args }]
}

function prepareAlertmanager(dir, port) {
  const config = write(dir, 'alertmanager.yml', [
    'route:',
    '  receiver: nobody',
    'receivers:',
    '  - name: nobody',
  ])
  const args = [
    `--config.file=${config}`,
    `--storage.path=${resolve(dir, 'data')}`,
    `--web.listen-address=${HOST}:${port}`,
    '--cluster.listen-address=',
    '--log.level=warn',
  ]
  return [{ name: 'alertmanager', command: 'prometheus-alertmanager', args }]
}

/**
 * Listeners, from the first port on: plain; SASL; one whose advertised address is the port after it, where a test can put a proxy
 * between the client and every answer of the broker; the controller; another with the port after it, for a test of TLS.
 */
function prepareKafka(dir, port) {
  const lib = resolve(dir, `lib-${KAFKA_VERSION}`)
  if (!existsSync(lib)) resolveKafka(dir, lib)
  const login = (module, extra = '') =>
    `org.apache.kafka.common.security.${module}LoginModule required${extra};`
  const at = ([name, offset]) => `${name}://${HOST}:${port + offset}`
  const plain = ['PLAIN', 'PROXIED', 'CONTROLLER', 'BEHIND_TLS']
  const config = write(dir, 'server.properties', [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@${HOST}:${port + 4}`,
    'controller.listener.names=CONTROLLER',
    `listeners=${Object.entries({ PLAIN: 0, SASL: 1, PROXIED: 2, CONTROLLER: 4, BEHIND_TLS: 5 }).map(at)}`,
    `advertised.listeners=${Object.entries({ PLAIN: 0, SASL: 1, PROXIED: 3, BEHIND_TLS: 6 }).map(at)}`,
    `listener.security.protocol.map=SASL:SASL_PLAINTEXT,${plain.map((name) => `${name}:PLAINTEXT`)}`,
    'inter.broker.listener.name=PLAIN',
    'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    `listener.name.sasl.plain.sasl.jaas.config=${login('plain.Plain', ` "user_${KAFKA_USER}"="${KAFKA_PASSWORD}"`)}`,
    `listener.name.sasl.scram-sha-256.sasl.jaas.config=${login('scram.Scram')}`,
    `listener.name.sasl.scram-sha-512.sasl.jaas.config=${login('scram.Scram')}`,
    `log.dirs=${resolve(dir, 'data')}`,
    'num.partitions=1',
    'offsets.topic.num.partitions=1',
    'offsets.topic.replication.factor=1',
    'transaction.state.log.num.partitions=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
  ])
  const java = [
    '-Xms96m',
    '-Xmx256m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  ]
  const main = (name, ...args) => [...java, '-cp', `${lib}/*`, name, ...args]
  const id = 'Y29zLWNhbGxiYWNrLXJlbA'
  const scram = [256, 512].flatMap((bits) => [
    '--add-scram',
    `SCRAM-SHA-${bits}=[name=${KAFKA_USER},password=${KAFKA_PASSWORD}]`,
  ])
  if (!existsSync(resolve(dir, 'data', 'meta.properties'))) {
    execFileSync('java', main('kafka.tools.StorageTool', 'format', '-t', id, '-c', config, ...scram), {
      stdio: 'pipe',
    })
  }
  return [{ name: 'kafka', command: 'java', args: main('kafka.Kafka', config) }]
}

function resolveKafka(dir, lib) {
  const maven = resolve(dir, 'maven')
  mkdirSync(maven, { recursive: true })
  write(maven, 'pom.xml', [
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>',
    '<groupId>local</groupId><artifactId>kafka-server</artifactId><version>1</version><packaging>pom</packaging>',
    `<dependencies>${artifact('org.apache.kafka', 'kafka_2.13', KAFKA_VERSION)}`,
    `${artifact('org.slf4j', 'slf4j-simple', '1.7.36')}</dependencies></project>`,
  ])
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'
  const args = [
    '-q',
    '-B',
    '-f',
    resolve(maven, 'pom.xml'),
    goal,
    `-DoutputDirectory=${lib}.part`,
    '-DincludeScope=runtime',
  ]
  rmSync(`${lib}.part`, { recursive: true, force: true })
  execFileSync('mvn', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  execFileSync('mv', [`${lib}.part`, lib])
}

function artifact(group, name, version) {
  return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`
}

function write(dir, name, lines) {
  const path = resolve(dir, name)
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

/** Says something to a port and judges the first bytes of the answer. */
function talk(port, hello, isRight) {
  return new Promise((done) => {
    const socket = connect({ host: HOST, port })
    const end = (result) => {
      socket.destroy()
      done(result)
    }
    socket.setTimeout(2000, () => end(false))
    socket.on('connect', () => socket.write(hello))
    socket.on('data', (answer) => end(isRight(answer)))
    socket.on('error', () => end(false))
    socket.on('close', () => end(false))
  })
}

/** Installs Debian packages without letting them start their own servers. */
function install(packages) {
  if (packages.length === 0) return
  const isRoot = process.getuid?.() === 0
  const sudo = isRoot ? [] : ['sudo', '-n']
  const run = (...command) => {
    const [file, ...args] = [...sudo, ...command]
    execFileSync(file, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  }
  const policy = '/usr/sbin/policy-rc.d'
  const isOurs = !existsSync(policy)
  try {
    if (isOurs) run('sh', '-c', `printf '#!/bin/sh\\nexit 101\\n' > ${policy} && chmod 755 ${policy}`)
    run('apt-get', '-qq', 'update')
    run('apt-get', '-qq', '-y', '--no-install-recommends', 'install', ...packages)
  } catch {
    throw new Error(
      `could not install ${packages.join(', ')}: run "apt-get install ${packages.join(' ')}" as root`,
    )
  } finally {
    if (isOurs && existsSync(policy)) run('rm', '-f', policy)
  }
}

async function up(name) {
  const { port, packages, probe, prepare } = SERVICES[name]
  if (await probe(port)) return `${name}  ${HOST}:${port}  was up already`
  install(
    Object.keys(packages)
      .filter((file) => !existsSync(file))
      .map((file) => packages[file]),
  )
  const dir = resolve(root, name)
  mkdirSync(dir, { recursive: true })
  await down(name)
  const processes = prepare(dir, port)
  for (const { name: process_, command, args, env } of processes) start(dir, process_, command, args, env)
  const deadline = Date.now() + START_DEADLINE_MS
  while (!(await probe(port))) {
    const dead = processes.find((process_) => runningPid(dir, process_.name) === null)
    if (dead !== undefined || Date.now() > deadline) {
      await down(name)
      throw new Error(
        `${name} ${dead === undefined ? 'does not answer' : `ended (${dead.name})`}: see .services/${name}/*.log`,
      )
    }
    await sleep(200)
  }
  return `${name}  ${HOST}:${port}  up`
}

function start(dir, name, command, args, env = {}) {
  const log = openSync(resolve(dir, `${name}.log`), 'a')
  const child = spawn(command, args, {
    cwd: dir,
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...env },
  })
  child.on('error', () => {})
  child.unref()
  if (child.pid === undefined) throw new Error(`cannot run ${command}`)
  const order = PROCESSES.indexOf(name)
  write(dir, `${order}-${name}.started`, [`${child.pid} ${startTime(child.pid)}`])
}

/** In the order of starting. */
const PROCESSES = ['epmd', 'rabbitmq', 'redis', 'alertmanager', 'kafka']

/** The pid of a process that `up` started, unless it has ended (the pid may since be another's: its start time tells). */
function runningPid(dir, name) {
  const file = resolve(dir, `${PROCESSES.indexOf(name)}-${name}.started`)
  if (!existsSync(file)) return null
  const [pid, started] = readFileSync(file, 'utf8').trim().split(' ')
  return startTime(Number(pid)) === started ? Number(pid) : null
}

/** Clock ticks since boot; empty when there is no such process, or only its zombie. */
function startTime(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return fields[0] === 'Z' ? '' : fields[19]
  } catch {
    return ''
  }
}

async function down(name) {
  const dir = resolve(root, name)
  let stopped = 0
  for (const process_ of PROCESSES.toReversed()) {
    const pid = runningPid(dir, process_)
    if (pid !== null) {
      await stop(dir, process_, pid)
      stopped += 1
    }
    rmSync(resolve(dir, `${PROCESSES.indexOf(process_)}-${process_}.started`), { force: true })
  }
  return `${name}  ${stopped === 0 ? 'was not started here' : 'stopped'}`
}

/** The whole process group: a server may have helpers of its own. */
async function stop(dir, name, pid) {
  process.kill(-pid, 'SIGTERM')
  const deadline = Date.now() + STOP_DEADLINE_MS
  while (runningPid(dir, name) !== null) {
    if (Date.now() > deadline) process.kill(-pid, 'SIGKILL')
    await sleep(50)
  }
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The group is empty: as it should be.
  }
}

async function status(asJson) {
  const addresses = {}
  await Promise.all(
    Object.entries(SERVICES).map(async ([name, { port, probe }]) => {
      addresses[name] = (await probe(port)) ? `${HOST}:${port}` : null
    }),
  )
  if (asJson) return [JSON.stringify(addresses)]
  return Object.keys(SERVICES).map((name) => `${name}  ${addresses[name] ?? 'down'}`)
}

const [command, ...rest] = process.argv.slice(2)
const names = rest.filter((word) => !word.startsWith('-'))
const unknown = names.filter((name) => !(name in SERVICES))
const chosen = names.length === 0 ? Object.keys(SERVICES) : names

try {
  if (unknown.length > 0)
    throw new Error(`no such service: ${unknown.join(', ')}; known: ${Object.keys(SERVICES).join(', ')}`)
  if (command === 'up') for (const name of chosen) console.log(await up(name))
  else if (command === 'down') for (const name of chosen) console.log(await down(name))
  else if (command === 'status') for (const line of await status(rest.includes('--json'))) console.log(line)
  else throw new Error('use: up [name…] | down [name…] | status [--json]')
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
