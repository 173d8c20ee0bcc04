import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { functionUrlEvent } from './event-from-request'
import { eventWithToken } from './event-with-token'
import { eventKind, type WholeEvent } from './event-kind'

/**
 * Reads an event from a file, or from standard input for `-`. One of events/ gets `token`; a bare callback, XML or JSON, becomes the body of a function-URL event with `token`.
 * Throws an Error that names the file and says what is wrong with it.
 */
export async function readEventFile(path: string, token: string): Promise<WholeEvent> {
  const name = path === '-' ? 'standard input' : path
  const bytes = await (path === '-' ? readStandardInput() : readFile(path)).catch((error: unknown) => {
    throw new Error(`${name}: ${whyUnread(error as NodeJS.ErrnoException)}`)
  })
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '')
  switch (/\S/.exec(text)?.[0]) {
    case undefined:
      throw new Error(`${name}: is empty`)
    case '{':
      break
    case '<':
      return bare(bytes, 'application/xml', token)
    default:
      throw new Error(`${name}: is neither an event (JSON) nor a callback (XML or JSON)`)
  }
  if (!isUtf8(bytes)) return bare(bytes, 'application/json', token)
  return eventKind(parsed(eventWithToken(text, token), name)) ?? bare(bytes, 'application/json', token)
}

function bare(body: Buffer, contentType: string, token: string): WholeEvent {
  const rawHeaders = ['content-type', contentType]
  return {
    kind: 'http',
    event: functionUrlEvent({ method: 'POST', target: `/${token}`, rawHeaders, body, sourceIp: '127.0.0.1' }),
  }
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${name}: begins like JSON but is not: ${(error as Error).message}`)
  }
}

function whyUnread(error: NodeJS.ErrnoException): string {
  switch (error.code ?? '') {
    case 'ENOENT':
      return 'no such file'
    case 'EISDIR':
      return 'is a folder; name the files in it'
    case 'EACCES':
      return 'may not be read by you'
    default:
      return error.message
  }
}

async function readStandardInput(): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
