import { nearestOf } from '../../../src/config/unknown-settings'

/** SCF's regions, and with them COS's that have no functions (cloud.tencent.com/document/product/436/6224). */
const REGIONS: Readonly<Record<string, readonly string[]>> = {
  'ap-guangzhou': ['guangzhou', 'gz', '广州'],
  'ap-shanghai': ['shanghai', 'sh', '上海'],
  'ap-nanjing': ['nanjing', 'nj', '南京'],
  'ap-beijing': ['beijing', 'bj', '北京'],
  'ap-chengdu': ['chengdu', 'cd', '成都'],
  'ap-chongqing': ['chongqing', 'cq', '重庆'],
  'ap-hongkong': ['hongkong', 'hong-kong', 'hk', '香港', '中国香港'],
  'ap-singapore': ['singapore', 'sg', '新加坡'],
  'ap-tokyo': ['tokyo', 'jp', '东京'],
  'ap-seoul': ['seoul', 'kr', '首尔'],
  'ap-bangkok': ['bangkok', 'th', '曼谷'],
  'ap-jakarta': ['jakarta', 'jkt', '雅加达'],
  'ap-mumbai': ['mumbai', 'in', '孟买'],
  'na-siliconvalley': ['siliconvalley', 'silicon-valley', 'usw', '硅谷'],
  'na-ashburn': ['ashburn', 'virginia', 'use', '弗吉尼亚'],
  'na-toronto': ['toronto', 'ca', '多伦多'],
  'sa-saopaulo': ['saopaulo', 'sao-paulo', '圣保罗'],
  'eu-frankfurt': ['frankfurt', 'de', '法兰克福'],
  'eu-moscow': ['moscow', 'ru', '莫斯科'],
  'ap-beijing-1': ['tj', 'beijing-1'],
  'ap-beijing-fsi': [],
  'ap-shanghai-fsi': [],
  'ap-shenzhen-fsi': [],
}

/** Why a region is none, with the one that is meant; null when it is one, or may be one that is newer than this list. */
export function regionProblem(name: string, region: string): string | null {
  if (Object.hasOwn(REGIONS, region)) return null
  const meant =
    Object.entries(REGIONS).find(([, names]) => names.includes(region.toLowerCase()))?.[0] ??
    nearestOf(region, Object.keys(REGIONS))
  if (meant !== null) return `${name}: there is no region ${region}; write ${meant}`
  return /^[a-z]{2}-[a-z]+(-[a-z0-9]+)?$/.test(region)
    ? null
    : `${name}: ${region} is no region; there are ${Object.keys(REGIONS).join(', ')}`
}

/** SCF's rule: 2 to 60 of letters, digits, `-`, `_`; begins with a letter, ends with neither `-` nor `_` (583/18586). */
const LONGEST_NAME = 60

/** Why SCF would refuse the functions of a stage; null when it would not. */
export function stageProblem(service: string, stage: string, functions: readonly string[]): string | null {
  const names = functions.map((key) => `${service}-${stage}-${key}`)
  const longest = Math.max(...names.map(({ length }) => length))
  const room = stage.length - (longest - LONGEST_NAME)
  if (!/^[A-Za-z0-9_-]+$/.test(stage))
    return `stage: ${JSON.stringify(stage)} would be part of the functions' names, which take letters, digits, - and _ only${suggestion(stage, room)}`
  if (longest > LONGEST_NAME)
    return `stage: ${stage} has ${stage.length} characters; with it a function's name has ${longest} of the ${LONGEST_NAME} that SCF takes, so a stage has at most ${room}${suggestion(stage, room)}`
  return names.every((name) => /^[A-Za-z][\w-]*[A-Za-z0-9]$/.test(name))
    ? null
    : `service: ${service} in serverless.yml is to begin with a letter: it begins the functions' names`
}

function suggestion(stage: string, room: number): string {
  const plain = stage
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .slice(0, room)
    .replaceAll(/^-+|-+$/g, '')
  return plain === '' ? '; for example --stage test' : `; for example --stage ${plain}`
}

/** Why SCF knows no such runtime; null when it may. */
export function runtimeProblem(runtime: string): string | null {
  const [, major = ''] = /^Nodejs(\d+)\.\d+$/.exec(runtime) ?? []
  if (Number(major) >= 20) return null
  return `runtime: ${runtime}; use one of Node.js 20 or later, as SCF writes it: Nodejs20.19`
}
