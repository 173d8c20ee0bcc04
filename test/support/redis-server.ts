import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A Redis of one test's own: it has seen no script, holds no key, and may be broken at will. */
export interface RedisServer {
  /** `127.0.0.1:PORT` */
  readonly address: string
  readonly port: number
  readonly pid: number
  /** One command, by a connection of its own; the raw answer. `words` hold no blanks. */
  command(...words: readonly string[]): Promise<string>
  stop(): Promise<void>
}

/** `settings`: more lines of redis-server's configuration, as arguments (`['--requirepass', 'x']`). Needs Debian's redis-server. */
export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'relay-redis-'))
  const args = [
    '--bind',
    '127.0.0.1',
    '--port',
    String(port),
    '--dir',
    dir,
    '--save',
    '',
    '--appendonly',
    'no',
  ]
  const child = spawn('redis-server', [...args, ...settings], { stdio: 'ignore' })
  const gone = once(child, 'exit')
  for (let tries = 0; !(await answers(port)); tries += 1) {
    if (tries > 200 || child.exitCode !== null) throw new Error('redis-server does not start')
    await sleep(25)
  }
  return {
    address: `127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    command: (...words) => talk(port, `${words.join(' ')}\r\n`),
    async stop() {
      child.kill('SIGKILL')
      await gone
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** A port that was free just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

async function answers(port: number): Promise<boolean> {
  const answer = await talk(port, 'PING\r\n').catch(() => '')
  return /^(\+PONG|-NOAUTH|-MASTERDOWN)/.test(answer)
}

/** Sends a line and gives the answer once it has been quiet for a moment. */
function talk(port: number, line: string): Promise<string> {
  return new Promise((done, fail) => {
    const socket = connect({ host: '127.0.0.1', port })
    let text = ''
    socket.on('connect', () => socket.write(line))
    socket.on('data', (chunk) => {
      text += chunk.toString()
      socket.setTimeout(20, () => socket.destroy())
    })
    socket.setTimeout(2000, () => socket.destroy())
    socket.on('error', fail)
    socket.on('close', () => done(text))
  })
}
