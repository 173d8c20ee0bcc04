import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'

interface Nodes {
  /** By version, the path of the binary; null: not fetched. */
  readonly supported: Readonly<Record<string, string | null>>
  readonly tooOld: Readonly<Record<string, string | null>>
}

/**
 * A suite for each of the Node.js versions that the product runs on, or says it does not. One that is not there is skipped under a name that says how to
 * get it; with CI=true it fails, so that nothing goes untested unseen.
 */
export function describeNodes(kind: keyof Nodes, suite: (node: string, version: string) => void): void {
  const script = resolve(__dirname, '..', '..', 'tools', 'services', 'nodes.mjs')
  const answer = execFileSync(process.execPath, [script, 'status', '--json'], { encoding: 'utf8' })
  for (const [version, node] of Object.entries((JSON.parse(answer) as Nodes)[kind])) {
    const title = `Node.js ${version}`
    const missing = `${title} needs its binary: node tools/services/nodes.mjs up`
    if (node !== null) describe(title, () => suite(node, version))
    else if (process.env['CI'] !== 'true') test.skip(missing, () => undefined)
    else
      test(title, () => {
        throw new Error(missing)
      })
  }
}
