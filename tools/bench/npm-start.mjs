// What `npm start` costs in CPU a callback, of all its processes, when it is warm: it is sent callbacks over HTTP, by a process of its own.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { TOKEN } from './measure.mjs'

const ROOT = join(import.meta.dirname, '..', '..')

/** µs of CPU a callback, of `callbacks` sent `atOnce` at once, after half as many to warm up. */
export async function measureNpmStart(env, { body, callbacks, atOnce }) {
  const served = spawn(process.execPath, [join(ROOT, 'tools', 'cli', 'relay.mjs'), 'start', '--json'], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, CALLBACK_TOKEN: TOKEN, PORT: '0', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  try {
    const url = await urlOf(served)
    const send = (count) =>
      execFileSync(process.execPath, [fileURLToPath(import.meta.url), url, String(count), String(atOnce)], {
        input: body,
        stdio: ['pipe', 'ignore', 'inherit'],
      })
    send(callbacks / 2)
    const before = cpuMs(served.pid)
    send(callbacks)
    return (1000 * (cpuMs(served.pid) - before)) / callbacks
  } finally {
    served.kill('SIGTERM')
    await once(served, 'exit')
  }
}

async function urlOf({ stderr }) {
  for await (const line of createInterface(stderr)) {
    const url = /Callback URL\s+(http\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    stderr.resume()
    return url.replace('$CALLBACK_TOKEN', TOKEN)
  }
  throw new Error('npm start did not start')
}

/** CPU time of a process and its children, in ms (Linux: proc(5), fields 14 and 15, in hundredths of a second). */
function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  return children.reduce((sum, child) => sum + cpuMs(child), 10 * (Number(fields[11]) + Number(fields[12])))
}

/** The sender: POSTs what comes on standard input so often, each time with a RunId of its own. */
async function send(url, count, atOnce) {
  const body = readFileSync(0, 'utf8')
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  const post = (number) =>
    new Promise((resolve, reject) => {
      const id = `i${String(process.pid).padStart(10, '0')}${String(number).padStart(21, '0')}`
      const sent = request(url, { method: 'POST', agent }, (answer) => {
        answer.resume().once('end', resolve)
        if (answer.statusCode !== 200) reject(new Error(`answered ${answer.statusCode}`))
      })
      sent.once('error', reject).end(body.replace(/i0{31}/, id))
    })
  let sent = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (sent < count) await post((sent += 1))
    }),
  )
  agent.destroy()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , url, count, atOnce] = process.argv
  await send(url, Number(count), Number(atOnce))
}
