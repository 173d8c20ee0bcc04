import { inflateRawSync } from 'node:zlib'

export interface ZipEntry {
  readonly name: string
  readonly content: () => Buffer
}

const END = 0x06054b50
const ENTRY = 0x02014b50

/**
 * What is in a zip file, by its central directory (stored or deflated, no zip64). Throws when it is not one.
 *
 * Source: APPNOTE.TXT 6.3.3, 4.3.12 and 4.3.16.
 */
export function zipEntries(zip: Buffer): readonly ZipEntry[] {
  let end = zip.length - 22
  while (end >= 0 && zip.readUInt32LE(end) !== END) end--
  if (end < 0) throw new Error('not a zip file')
  const entries: ZipEntry[] = []
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    if (zip.readUInt32LE(at) !== ENTRY) throw new Error('not a whole zip file')
    const method = zip.readUInt16LE(at + 10)
    const size = zip.readUInt32LE(at + 20)
    const nameLength = zip.readUInt16LE(at + 28)
    const local = zip.readUInt32LE(at + 42)
    entries.push({
      name: zip.toString('utf8', at + 46, at + 46 + nameLength),
      content: () => {
        const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
        const bytes = zip.subarray(start, start + size)
        return method === 0 ? bytes : inflateRawSync(bytes)
      },
    })
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
  return entries
}
