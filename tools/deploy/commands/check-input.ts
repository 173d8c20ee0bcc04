import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { SETTINGS } from '../../../src/config/settings'
import { nearestOf, type UnknownSetting } from '../../../src/config/unknown-settings'

/** What of the command line would be passed over in silence: a `--param` that is no setting. What is no name may be a secret. */
export function unknownParams(names: readonly string[]): string[] {
  const known = SETTINGS.flatMap(({ param }) => param ?? [])
  return names
    .map((name) => (/^\w+$/.test(name) ? name : '(without a name)'))
    .filter((name) => !known.includes(name))
    .map((name) => {
      const near = nearestOf(name, known)
      return `--param ${name}: there is no such setting; ${near === null ? `there are: ${known.join(', ')}` : `is ${near} meant?`}`
    })
}

/** Each with the setting that is meant. */
export function strangeNames(unknown: readonly UnknownSetting[]): string[] {
  return unknown.map(({ name, nearest }) => `${name}: there is no such setting; is ${nearest} meant?`)
}

/** `.env.<stage>` of a stage that DEPLOY_STAGE in `.env` names: it is read where the stage is said outside of it. */
export function otherStageProblems(folder: string, stageOfFile: string, stage: string): string[] {
  return stage !== stageOfFile && existsSync(join(folder, `.env.${stage}`))
    ? [`.env.${stage}: is not read when .env names the stage; give --stage ${stage}`]
    : []
}
