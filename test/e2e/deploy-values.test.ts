import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CALLBACK, type DeployScene, startDeployScene, SWEEP } from '../support/deploy-scene'
import { random } from '../support/random'

// Whatever a value holds, it arrives as it was given, or is refused by its name before anything is uploaded. RELAY_VALUES=1000 tries as many.

jest.setTimeout(3_600_000)

const VALUES = Number(process.env['RELAY_VALUES'] ?? 60)
const SEED = Number(process.env['RELAY_SEED'] ?? 20_261_126)
/** Bytes that all of an environment may take, with room for names and the token. */
const ROOM = 3_700
const ASCII = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index))
const OTHERS = ['中', '文', '频', '。', '😀', '👍🏽', 'é', 'ß', 'ő', '\u200d', 'ﷺ']
const NASTY = [
  '${',
  '}',
  '$',
  '#',
  '=',
  ';',
  ',',
  '"',
  "'",
  '`',
  '\\',
  '\\n',
  '%',
  '${self:service}',
  '${env:HOME}',
  '$HOME',
  '&',
  '!',
]

let scene: DeployScene
beforeAll(async () => {
  scene = await startDeployScene()
})
afterAll(() => scene.stop())

test('generated values are deployed as they are, or refused', async () => {
  const dice = random(SEED)
  const pick = (from: readonly string[]): string => from[dice.int(from.length)]!
  const word = (bytes: number): string => {
    let text = ''
    while (Buffer.byteLength(text) < bytes) text += pick([ASCII, ASCII, NASTY, OTHERS][dice.int(4)]!)
    // A driver refuses it alone: one value in a thousand shall be refused.
    return dice.int(1_000) === 0 ? `${text}%` : text.replaceAll('%', '%25')
  }
  const url = (bytes: number): string => `file:${scene.targets}/${word(bytes)}`

  let deployed = 0
  let refused = 0
  for (let turn = 0; deployed + refused < VALUES; turn += 1) {
    const values: Record<string, string> = {}
    const many: string[] = []
    const size = (): number => Buffer.byteLength(many.join(' ') + Object.values(values).join(''))
    values['QUEUE_URL'] = `${url(1 + dice.int(1_000))} ${word(3)}`.trim()
    values['STORE_URL'] = url(1 + dice.int(400))
    for (
      let next = url(1 + dice.int(150));
      size() + Buffer.byteLength(next) < ROOM;
      next = url(1 + dice.int(150))
    )
      many.push(next)
    values['ALERT_URLS'] = many.join(' ')
    const count = many.length + 2
    // One turn by the environment, one by the file: in quotes that are not in the value.
    const isByFile = turn % 2 === 1
    const lines = Object.entries(values).flatMap(([name, value]) => {
      const quote = ["'", '`', '"'].find((mark) => !value.includes(mark))
      // In double quotes \n and \r are line breaks.
      if (quote === undefined || (quote === '"' && /\\[nr]/.test(value)) || value.includes('\\$')) return []
      return [`${name}=${quote}${value}${quote}`]
    })
    const inFile = isByFile ? lines : []
    writeFileSync(join(scene.project.folder, '.env'), inFile.join('\n'))
    const isInFile = (name: string): boolean => inFile.some((line) => line.startsWith(`${name}=`))
    const env = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, isInFile(name) ? undefined : value]),
    )
    scene.cloud.functions.clear()
    const ran = await scene.serverless('deploy', env)
    if (ran.code === 0) {
      for (const name of [CALLBACK, SWEEP]) expect(scene.variables(name)).toMatchObject(values)
      deployed += count
    } else {
      expect(ran.stdout).toMatch(/^Nothing was deployed/m)
      expect(ran.stdout).toMatch(/^ {2}- (QUEUE_URL|STORE_URL|ALERT_URLS)/m)
      expect(scene.cloud.functions.size).toBe(0)
      refused += count
    }
  }
  process.stdout.write(`values: ${deployed} deployed as given, ${refused} refused by name; seed ${SEED}\n`)
  expect(deployed).toBeGreaterThan(0)
})
