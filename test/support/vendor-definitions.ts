import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import ts from 'typescript'

// What the vendor's SDKs say of each call: which parameters it takes, of which types, and which it requires.

type Shape =
  | { readonly kind: 'string' | 'number' | 'boolean' | 'any' }
  | { readonly kind: 'list'; readonly of: Shape }
  | { readonly kind: 'object'; readonly name: string }
interface Field {
  readonly shape: Shape
  readonly isRequired: boolean
}
type Interfaces = ReadonlyMap<string, ReadonlyMap<string, Field>>

const load = createRequire(__filename)

/** Why a call is none that the vendor defines; none: it is one. */
export function definitionProblems(
  service: string,
  action: string,
  parameters: Readonly<Record<string, unknown>>,
  /** In a form, all of it is text. */
  isText = false,
): readonly string[] {
  const interfaces = definitionsOf(service)
  const name = `${action}Request`
  if (!interfaces.has(name)) return [`${service}:${action} is no action of the vendor's definitions`]
  const problems = problemsOf(interfaces, { kind: 'object', name }, parameters, `${service}:${action}`)
  return isText
    ? problems.filter((problem) => !/: a string, not a (number|boolean)$/.test(problem))
    : problems
}

function problemsOf(all: Interfaces, shape: Shape, value: unknown, at: string): readonly string[] {
  switch (shape.kind) {
    case 'any':
      return []
    case 'list':
      return Array.isArray(value)
        ? value.flatMap((item, index) => problemsOf(all, shape.of, item, `${at}.${index}`))
        : [`${at}: no list`]
    case 'object': {
      const fields = all.get(shape.name)
      if (fields === undefined || typeof value !== 'object' || value === null)
        return [`${at}: no ${shape.name}`]
      const given = value as Readonly<Record<string, unknown>>
      return [
        ...[...fields]
          .filter(([name, { isRequired }]) => isRequired && given[name] === undefined)
          .map(([name]) => `${at}: ${name} is required`),
        ...Object.entries(given).flatMap(([name, inner]) => {
          const field = fields.get(name)
          return field === undefined
            ? [`${at}: there is no parameter ${name}`]
            : problemsOf(all, field.shape, inner, `${at}.${name}`)
        }),
      ]
    }
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === shape.kind ? [] : [`${at}: a ${typeof value}, not a ${shape.kind}`]
  }
}

const known = new Map<string, Interfaces>()

function definitionsOf(service: string): Interfaces {
  const before = known.get(service)
  if (before !== undefined) return before
  const found = service === 'scf' ? typedModels() : service === 'cls' ? CLS : commentedModels(service)
  known.set(service, found)
  return found
}

/** Of the SDK of today, in its TypeScript. */
function typedModels(): Interfaces {
  const path = load
    .resolve('tencentcloud-sdk-nodejs-scf/package.json')
    .replace('package.json', 'tencentcloud/services/scf/v20180416/scf_models.d.ts')
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest)
  const found = new Map<string, Map<string, Field>>()
  source.forEachChild((node) => {
    if (!ts.isInterfaceDeclaration(node)) return
    const fields = new Map<string, Field>()
    for (const member of node.members)
      if (ts.isPropertySignature(member) && member.type !== undefined && ts.isIdentifier(member.name))
        fields.set(member.name.text, {
          shape: shapeOf(member.type.getText(source)),
          isRequired: member.questionToken === undefined,
        })
    found.set(node.name.text, fields)
  })
  return found
}

function shapeOf(type: string): Shape {
  const [, inner] = /^Array\.?<(.+)>$/.exec(type) ?? []
  if (inner !== undefined) return { kind: 'list', of: shapeOf(inner) }
  if (type === 'string' || type === 'number' || type === 'boolean') return { kind: type }
  return type === 'any' ? { kind: 'any' } : { kind: 'object', name: type }
}

/** CAM and tags have packages of their own on no registry that could be reached: from the SDK of 2022, whose types stand in comments. What is required, it does not say. */
function commentedModels(service: string): Interfaces {
  const version = service === 'cam' ? 'v20190116' : 'v20180813'
  const plugin = createRequire(load.resolve('serverless-tencent-scf/package.json'))
  const path = plugin.resolve(`tencentcloud-sdk-nodejs/tencentcloud/${service}/${version}/models.js`)
  const text = readFileSync(path, 'utf8')
  const found = new Map<string, Map<string, Field>>()
  for (const [, name = '', body = ''] of text.matchAll(/^class (\w+) extends[^{]*\{([\s\S]*?)^\}/gm)) {
    const fields = new Map<string, Field>()
    for (const [, type = '', field = ''] of body.matchAll(
      /@type \{(.+?) \|\| null\}\s*\*\/\s*this\.(\w+) = null;/g,
    ))
      fields.set(field, { shape: shapeOf(type), isRequired: false })
    found.set(name, fields)
  }
  return found
}

/** SearchLog as it is today (614/56447, the SDK 4.1): `Query` and `SyntaxRule` are deprecated. */
const CLS: Interfaces = new Map([
  [
    'SearchLogRequest',
    new Map<string, Field>([
      ['TopicId', { shape: { kind: 'string' }, isRequired: true }],
      ['From', { shape: { kind: 'number' }, isRequired: true }],
      ['To', { shape: { kind: 'number' }, isRequired: true }],
      ['QueryString', { shape: { kind: 'string' }, isRequired: true }],
      ['QuerySyntax', { shape: { kind: 'number' }, isRequired: true }],
      ['Sort', { shape: { kind: 'string' }, isRequired: false }],
      ['Limit', { shape: { kind: 'number' }, isRequired: false }],
      ['Context', { shape: { kind: 'string' }, isRequired: false }],
    ]),
  ],
])
