import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { validateEvent } from '../support/schema'

/** A queue or an alert channel by HTTP that does as it is told. */
export interface HttpPeer {
  readonly url: string
  manner: 'takes' | 'refuses' | 'hangs'
  /** The events that it took, in order. */
  readonly taken: { readonly id: string; readonly data: Readonly<Record<string, unknown>> }[]
  tries: number
  /** Whether each event must be as its schema has it. */
  isStrict: boolean
  /** Rejects when one of the events was not as its schema has it. */
  stop(): Promise<void>
}

export async function startPeer(manner: HttpPeer['manner'] = 'takes'): Promise<HttpPeer> {
  const faults: unknown[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      peer.tries += 1
      if (peer.manner === 'hangs') return
      if (peer.manner === 'takes') take(JSON.parse(body) as HttpPeer['taken'][number])
      response.writeHead(peer.manner === 'takes' ? 204 : 500).end()
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const peer: HttpPeer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    manner,
    taken: [],
    tries: 0,
    isStrict: true,
    async stop() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
      if (faults.length > 0) throw faults[0]
    },
  }
  const take = (event: HttpPeer['taken'][number]): void => {
    peer.taken.push(event)
    try {
      if (peer.isStrict) validateEvent(event)
    } catch (fault) {
      faults.push(fault)
    }
  }
  return peer
}
