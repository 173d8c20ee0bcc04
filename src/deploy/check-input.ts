import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const SETTINGS = [
  ...['stage', 'region', 'credentials', 'memory', 'timeout', 'sweepTimeout', 'role', 'enableRoleAuth'],
  ...['vpcId', 'subnetId', 'trigger', 'serviceId'],
]

/** What of the command line would be passed over in silence: a `--param` that is no setting. What is no name may be a secret. */
export function unknownParams(params: readonly string[], variables: readonly string[]): string[] {
  const known = [...SETTINGS, ...variables]
  return params
    .map((item) => /^(\w+)=/.exec(item)?.[1] ?? '(without a name)')
    .filter((name) => !known.includes(name))
    .map((name) => `--param ${name}: there is no such setting; there are: ${known.join(', ')}`)
}

/**
 * What serverless would read otherwise than it is written: it picks `.env.<stage>` by `--stage` alone; it cuts an unquoted value at `#`,
 * which may cut a webhook's secret off; and it puts a variable in the place of `$NAME`, also within quotes. Shows no value.
 */
export function dotenvProblems(folder: string, stageOption: string, stage: string): string[] {
  const problems =
    stage !== stageOption && existsSync(join(folder, `.env.${stage}`))
      ? [`.env.${stage}: is read with --stage ${stage} only; give the stage so`]
      : []
  const file = [`.env.${stageOption}`, '.env'].find((name) => existsSync(join(folder, name)))
  return file === undefined
    ? problems
    : [...problems, ...lineProblems(file, readFileSync(join(folder, file), 'utf8'))]
}

function lineProblems(file: string, text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, name, value = ''] = /^\s*(?:export\s+)?([A-Z][A-Z_]*)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined) return []
    const isQuoted = /^(["'`]).*\1/.test(value)
    return [
      ...(!isQuoted && /\S#/.test(value)
        ? [`${name} in ${file}: the # and what follows would be cut off; put the value in quotes`]
        : []),
      ...(/(?<!\\)\$[A-Za-z_]/.test(value)
        ? [`${name} in ${file}: the $ would be read as a variable; write \\$, or %24 in a URL`]
        : []),
    ]
  })
}
