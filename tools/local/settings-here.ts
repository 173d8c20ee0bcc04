import { addFrom, readDotenv } from './dotenv-file'
import { unknownSettings } from '../../src/config/unknown-settings'

type Environment = Record<string, string | undefined>

/**
 * The environment of a tool on this machine: its own, and what only `.env` has (`.env.<stage>`, where DEPLOY_STAGE says one), as a deploy reads it. `say` is told
 * what came from there, and which names are no settings. Throws an Error where a line of the file would mean something else than it seems to.
 */
export function settingsHere(own: NodeJS.ProcessEnv, say: (line: string) => void): Environment {
  const env: Environment = { ...own }
  const file = readDotenv(process.cwd(), env['DEPLOY_STAGE'] || 'dev')
  if (file !== null) {
    if (file.problems.length > 0) throw new Error(file.problems.join('; '))
    const names = addFrom(file, env)
    if (names.length > 0) say(`settings from ${file.name}: ${names.join(', ')}`)
  }
  // Where the function runs, and with it a store or queue whose URL names no region.
  if (!env['TENCENTCLOUD_REGION'] && env['DEPLOY_REGION']) env['TENCENTCLOUD_REGION'] = env['DEPLOY_REGION']
  for (const { name, nearest } of unknownSettings(Object.keys(env)))
    say(`${name} is no setting: is ${nearest} meant?`)
  return env
}
