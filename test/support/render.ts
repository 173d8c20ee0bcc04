import type { Job, Task, Text, WorkflowExecution } from '../../src/callback/model'
import { type Random, random } from './random'

/** The published shapes of a workflow callback (A to D of the documents), and JSON. */
export const XML_SHAPES = ['A', 'B', 'C', 'C, WorkflowId first', 'D', 'D without a root'] as const
export type XmlShape = (typeof XML_SHAPES)[number]

const hasTemplates = (shape: XmlShape): boolean => shape !== 'A'
const hasResults = (shape: XmlShape): boolean => shape.startsWith('D')

/** What of an execution a shape can say. */
export function sayable(execution: WorkflowExecution, shape: XmlShape): WorkflowExecution {
  return {
    ...execution,
    tasks: execution.tasks.map((task) => ({
      ...task,
      // Without any field a task would be an empty element, which is no task.
      type: task.type ?? 'Transcode',
      template: hasTemplates(shape) ? task.template : null,
      outputs: hasResults(shape) ? task.outputs : [],
    })),
  }
}

/** An execution as CI might write it; every seed writes what XML leaves free in another way. */
export function executionXml(execution: WorkflowExecution, shape: XmlShape = 'B', seed = 0): string {
  const xml = writer(seed)
  const { workflow, tasks } = sayable(execution, shape)
  const workflowFields = xml.leaf('WorkflowId', workflow.id) + xml.leaf('WorkflowName', workflow.name)
  const fields = [
    xml.leaf('RunId', execution.runId),
    xml.leaf('BucketId', execution.bucket),
    xml.leaf('Object', execution.object),
    ...Object.entries(execution.headers).map(([key, value]) =>
      xml.element('CosHeaders', xml.leaf('Key', key) + xml.leaf('Value', value)),
    ),
    workflowFields,
    xml.leaf('CreateTime', xml.time(execution.createdAt)),
    xml.leaf('State', execution.state),
    ...tasks.map((task) => xml.element('Tasks', taskXml(xml, task))),
  ]
  if (shape === 'C, WorkflowId first') fields.unshift(...fields.splice(fields.indexOf(workflowFields), 1))
  const inner = xml.element('WorkflowExecution', fields.join(''))
  const event = 'ABD'.includes(shape) && shape !== 'D' ? '' : xml.leaf('EventName', 'WorkflowFinish')
  return xml.document(shape === 'D without a root' ? event + inner : xml.element('Response', event + inner))
}

function taskXml(xml: Writer, task: Task): string {
  // Several outputs: the last one is a sprite, which stands in a list of its own.
  const objects = Math.max(1, task.outputs.length - 1)
  const results = task.outputs.map((output, index) =>
    xml.element(
      index < objects ? 'ObjectInfo' : 'SpriteObjectInfo',
      xml.leaf('ObjectName', output.object) +
        xml.leaf('ObjectUrl', output.url) +
        xml.leaf('Code', output.code) +
        xml.leaf('Message', output.message),
    ),
  )
  return [
    xml.leaf('Type', task.type),
    xml.leaf(xml.random.pick(['CreateTime', 'CreateTime', 'Createtime']), xml.time(task.createdAt)),
    xml.leaf('StartTime', xml.time(task.startedAt)),
    xml.leaf('EndTime', xml.time(task.endedAt)),
    xml.leaf('State', task.state),
    xml.leaf('JobId', task.jobId),
    xml.leaf('Name', task.name),
    xml.leaf('Code', task.code),
    xml.leaf('Message', task.message),
    xml.leaf('TemplateId', task.template?.id ?? null),
    xml.leaf('TemplateName', task.template?.name ?? null),
    task.outputs.length === 0
      ? ''
      : xml.element('ResultInfo', xml.leaf('ObjectCount', '1') + results.join('')),
  ].join('')
}

export function jobsXml(jobs: readonly Job[], seed = 0): string {
  const xml = writer(seed)
  const details = jobs.map((job) =>
    xml.element(
      'JobsDetail',
      [
        xml.leaf('Code', job.code),
        xml.leaf('Message', job.message),
        xml.leaf('JobId', job.jobId),
        xml.leaf('Tag', job.tag),
        xml.leaf('State', job.state),
        xml.leaf('CreationTime', xml.time(job.createdAt)),
        xml.leaf('StartTime', xml.time(job.startedAt)),
        xml.leaf('EndTime', xml.time(job.endedAt)),
        xml.leaf('QueueId', job.queueId),
        xml.element(
          'Input',
          xml.leaf('BucketId', job.bucket) +
            xml.leaf('Region', job.region) +
            xml.leaf('Object', job.object) +
            xml.leaf('Url', job.url) +
            Object.entries(job.headers)
              .map(([key, value]) =>
                xml.element('CosHeaders', xml.leaf('Key', key) + xml.leaf('Value', value)),
              )
              .join(''),
        ),
        job.operation === null
          ? ''
          : xml.element(
              'Operation',
              xml.children(job.operation as object) + xml.leaf('UserData', job.userData),
            ),
        job.operation === null ? xml.leaf('UserData', job.userData) : '',
        job.workflow === null
          ? ''
          : xml.element(
              'Workflow',
              xml.leaf('RunId', job.workflow.runId) +
                xml.leaf('WorkflowId', job.workflow.id) +
                xml.leaf('WorkflowName', job.workflow.name) +
                xml.leaf('Name', 'Transcode_1'),
            ),
      ].join(''),
    ),
  )
  return xml.document(xml.element('Response', xml.leaf('EventName', 'TaskFinish') + details.join('')))
}

/** An execution as JSON, one task as an object or as a list of one. */
export function executionJson(execution: WorkflowExecution, seed = 0): string {
  const json = unsetWays(seed)
  return JSON.stringify({
    EventName: 'WorkflowFinish',
    WorkflowExecution: json.fields({
      WorkflowId: execution.workflow.id,
      WorkflowName: execution.workflow.name,
      RunId: execution.runId,
      State: execution.state,
      BucketId: execution.bucket,
      Object: execution.object,
      CreateTime: json.time(execution.createdAt),
      CosHeaders: json.list(
        Object.entries(execution.headers).map(([key, value]) => json.fields({ Key: key, Value: value })),
      ),
      Tasks: json.list(
        execution.tasks.map((task) =>
          json.fields({
            Type: task.type,
            CreateTime: json.time(task.createdAt),
            StartTime: json.time(task.startedAt),
            EndTime: json.time(task.endedAt),
            State: task.state,
            JobId: task.jobId,
            Name: task.name,
            Code: task.code,
            Message: task.message,
            TemplateId: task.template?.id ?? null,
            TemplateName: task.template?.name ?? null,
            ResultInfo:
              task.outputs.length === 0
                ? null
                : {
                    ObjectInfo: json.list(
                      task.outputs.map((output) =>
                        json.fields({
                          ObjectName: output.object,
                          ObjectUrl: output.url,
                          Code: output.code,
                          Message: output.message,
                        }),
                      ),
                    ),
                  },
          }),
        ),
      ),
    }),
  })
}

export function jobsJson(jobs: readonly Job[], seed = 0): string {
  const json = unsetWays(seed)
  const details = jobs.map((job) =>
    json.fields({
      Code: job.code,
      Message: job.message,
      JobId: job.jobId,
      Tag: job.tag,
      State: job.state,
      CreationTime: json.time(job.createdAt),
      StartTime: json.time(job.startedAt),
      EndTime: json.time(job.endedAt),
      QueueId: job.queueId,
      Input: json.fields({
        BucketId: job.bucket,
        Region: job.region,
        Object: job.object,
        Url: job.url,
        CosHeaders: json.list(
          Object.entries(job.headers).map(([key, value]) => json.fields({ Key: key, Value: value })),
        ),
      }),
      Operation: job.operation === null ? null : withUserData(job.operation as object, job.userData),
      UserData: job.operation === null ? job.userData : null,
      Workflow:
        job.workflow &&
        json.fields({
          RunId: job.workflow.runId,
          WorkflowId: job.workflow.id,
          WorkflowName: job.workflow.name,
          Name: 'n',
        }),
    }),
  )
  const body = { EventName: 'TaskFinish', JobsDetail: json.list(details) }
  return JSON.stringify(json.random.int(4) === 0 ? { Response: body } : body)
}

function withUserData(operation: object, userData: Text): object {
  return Object.fromEntries([...Object.entries(operation), ['UserData', userData]])
}

/** `2020-12-01T11:00:41+08:00` in one of the three forms that CI writes. */
function ciTime(choose: Random, time: Text): Text {
  if (time === null) return null
  const compact = time.replace(/([+-]\d\d):(\d\d)$/, '$1$2')
  return choose.pick([time, compact, compact.replace('T', ' ')])
}

function unsetWays(seed: number) {
  const choose = random(seed)
  return {
    random: choose,
    time: (time: Text) => ciTime(choose, time),
    /** One of something as itself or as a list of it. */
    list: (items: readonly unknown[]): unknown =>
      items.length === 0
        ? choose.pick([undefined, null, '', []])
        : items.length === 1 && choose.int(2) === 0
          ? items[0]
          : items,
    fields: (fields: Readonly<Record<string, unknown>>): object =>
      Object.fromEntries(
        Object.entries(fields).map(([name, value]) => [
          name,
          value ?? choose.pick([undefined, null, '', '-']),
        ]),
      ),
  }
}

interface Writer {
  readonly random: Random
  readonly time: (time: Text) => Text
  readonly leaf: (name: string, text: Text) => string
  readonly element: (name: string, content: string) => string
  readonly children: (fields: object) => string
  readonly document: (content: string) => string
}

/** Writes XML in all the ways in which the same thing can be said; seed 0 writes it plainly. */
function writer(seed: number): Writer {
  const choose = random(seed)
  const plain = seed === 0

  const filler = (): string =>
    plain ? '' : choose.pick(['', '', '\n  ', ' ', '<!-- <State>Failed</State> & -->', '\r\n\t<!---->'])
  const attributes = (): string =>
    plain ? '' : choose.pick(['', '', '', ' ', ' a="1"', ' State="Failed" b=\'<x>\'']).replace('<', '&lt;')
  const end = (name: string): string => `</${name}${plain ? '' : choose.pick(['', '', ' '])}>`
  const opened = (name: string): string => `<${name}${attributes()}>`

  const named: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&apos;',
  }
  const written = (character: string): string => {
    const point = String(character.codePointAt(0))
    const hex = Number(point).toString(16)
    const escaped = named[character]
    if (plain) return escaped ?? character
    switch (choose.int(12)) {
      case 0:
        return `&#${point};`
      case 1:
        return `&#x${hex};`
      case 2:
        return `&#x${hex.toUpperCase().padStart(6, '0')};`
      case 3:
        return `<![CDATA[${character}]]>`
      case 4:
        return `${escaped ?? character}<!-- - -->`
      default:
        return escaped ?? character
    }
  }
  const textOf = (text: string): string =>
    !plain && choose.int(6) === 0 && !text.includes(']]>')
      ? `<![CDATA[${text}]]>`
      : Array.from(text, written).join('')

  const element = (name: string, content: string): string =>
    filler() + opened(name) + filler() + content + filler() + end(name)
  const leaf = (name: string, text: Text): string => {
    if (text !== null) return filler() + opened(name) + textOf(text) + end(name)
    return plain
      ? ''
      : choose.pick([
          '',
          `<${name}/>`,
          `<${name}></${name}>`,
          `<${name}>-</${name}>`,
          `<${name} a="b" />`,
          `<${name}>\n</${name}>`,
        ])
  }
  const child = (name: string, value: unknown): string => {
    if (Array.isArray(value)) return value.map((item) => child(name, item)).join('')
    if (value === null) return `<${name}/>`
    if (typeof value === 'string') return leaf(name, value)
    return element(name, children(value as object))
  }
  const children = (fields: object): string =>
    Object.entries(fields)
      .map(([name, value]) => child(name, value))
      .join('')

  return {
    random: choose,
    time: (time) => ciTime(choose, time),
    leaf,
    element,
    children,
    document: (content) =>
      plain
        ? content
        : choose.pick(['', '\uFEFF']) +
          choose.pick([
            '',
            '<?xml version="1.0" encoding="UTF-8"?>',
            "<?xml version='1.0'?>\n",
            '<!-- first -->\n',
          ]) +
          content.trimStart() +
          choose.pick(['', '\n', '\r\n<!-- last -->', '   ']),
  }
}
