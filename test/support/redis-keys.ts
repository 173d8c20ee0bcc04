import Redis from 'iovalkey'

/** Removes every key that begins with the prefix. */
export async function removeKeys(address: string, prefix: string): Promise<void> {
  const client = new Redis(`redis://${address}/0`)
  for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1000 }) as AsyncIterable<
    string[]
  >) {
    if (keys.length > 0) await client.del(...keys)
  }
  await client.quit()
}
