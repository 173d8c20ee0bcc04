import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const OWN = join(__dirname, '../fixtures')
/** Bodies from CI's documents, where they lie beside the repository. */
const PUBLISHED = join(__dirname, '../../../shared/samples')

export function fixture(name: string): string {
  return readFileSync(join(OWN, name), 'utf8')
}

/** Every sample body at hand, by name. */
export function sampleBodies(): readonly (readonly [name: string, body: Buffer])[] {
  return [OWN, PUBLISHED]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => /\.(xml|json)$/.test(name))
        .map((name) => [name, readFileSync(join(folder, name))] as const),
    )
}
