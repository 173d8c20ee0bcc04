import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

/** An HTTP proxy on loopback that takes tunnels alone, and leads every one to `port`, whatever host it is for. */
export interface ConnectProxy {
  readonly port: number
  /** `host:port` of each tunnel that was asked for. */
  readonly asked: string[]
  stop(): Promise<void>
}

/** `password`: without it, asked as Basic authorization of `user`, a tunnel is refused (407). */
export async function startConnectProxy(
  target: number,
  password: string | null = null,
): Promise<ConnectProxy> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const wanted = `Basic ${Buffer.from(`user:${String(password)}`).toString('base64')}`
  const server = createServer((_, response) => response.writeHead(405).end())
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  })
  server.on('connect', (request, socket: Socket, head: Buffer) => {
    asked.push(String(request.url))
    if (password !== null && request.headers['proxy-authorization'] !== wanted) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n')
      return
    }
    const real = connect({ host: '127.0.0.1', port: target }, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      real.write(head)
      real.pipe(socket).pipe(real)
    })
    real.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.on('close', () => real.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    async stop() {
      sockets.forEach((socket) => socket.destroy())
      await new Promise((done) => server.close(done))
    },
  }
}
