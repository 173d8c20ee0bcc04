// Whom the function under measurement talks to.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Connection } from 'rabbitmq-client'
import { BROKER } from './measure.mjs'

/** A connection to the broker of `npm run services`. */
export async function connectToBroker() {
  const connection = new Connection(BROKER)
  await connection.onConnect(5_000).catch(() => {
    throw new Error('no RabbitMQ answers: start one with npm run services -- up rabbitmq')
  })
  return connection
}

/** An HTTP server that takes everything and gives `answer`, in a process of its own: this one waits for its measurements. */
export async function startReceiver(answer) {
  const code = `require('node:http')
    .createServer((request, response) => request.resume().once('end', () => response.end(${JSON.stringify(answer)})))
    .listen(0, '127.0.0.1', function () { console.log(this.address().port) })`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = await once(child.stdout, 'data')
  return { origin: `http://127.0.0.1:${String(port).trim()}`, stop: () => child.kill() }
}
