import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A queue or an alert channel by HTTP that does as it is told. */
export interface HttpPeer {
  readonly url: string
  manner: 'takes' | 'refuses' | 'hangs'
  /** The events that it took, in order. */
  readonly taken: { readonly id: string; readonly data: Readonly<Record<string, unknown>> }[]
  tries: number
  stop(): Promise<void>
}

export async function startPeer(manner: HttpPeer['manner'] = 'takes'): Promise<HttpPeer> {
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      peer.tries += 1
      if (peer.manner === 'hangs') return
      if (peer.manner === 'takes') peer.taken.push(JSON.parse(body) as HttpPeer['taken'][number])
      response.writeHead(peer.manner === 'takes' ? 204 : 500).end()
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const peer: HttpPeer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    manner,
    taken: [],
    tries: 0,
    async stop() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
  return peer
}
