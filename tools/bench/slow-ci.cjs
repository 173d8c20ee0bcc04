// A CI whose every answer takes its time, in a process of its own: argv are how many executions ended within the last hour, for how many objects, and
// the ms of an answer. One more, `runs`, still runs. `GET /figures` says what was asked since the last time; `GET /end` ends the one that runs.
const { createServer } = require('node:http')

const [count, objects, answerMs] = process.argv.slice(2).map(Number)
const HOUR = 3_600_000
const born = Date.now()
const time = (ms) => new Date(ms + 8 * HOUR).toISOString().replace(/\.\d+Z$/, '+08:00')
const executions = Array.from({ length: count }, (_, i) => ({
  runId: `r${i}`,
  object: `videos/${i % objects}.mp4`,
  createdAt: born - HOUR + Math.floor((i * HOUR) / count),
  state: 'Success',
}))
const runs = { runId: 'runs', object: 'videos/long.mp4', createdAt: born - HOUR / 2, state: 'Running' }
executions.splice(count / 2, 0, runs)
const byId = new Map(executions.map((one) => [one.runId, one]))

let figures
const reset = () => (figures = { lists: 0, readBacks: 0, atOnce: 0, mostAtOnce: 0 })
reset()

createServer((request, response) => {
  const url = new URL(request.url, 'http://ci')
  const [, folder, runId] = url.pathname.split('/')
  if (folder === 'figures') {
    response.end(JSON.stringify(figures))
    reset()
  } else if (folder === 'end') {
    runs.state = 'Success'
    response.end()
  } else {
    figures.atOnce += 1
    figures.mostAtOnce = Math.max(figures.mostAtOnce, figures.atOnce)
    if (runId === undefined) figures.lists += 1
    else figures.readBacks += 1
    setTimeout(() => {
      figures.atOnce -= 1
      const xml = runId === undefined ? page(url.searchParams) : detail(byId.get(runId))
      response.setHeader('content-type', 'application/xml')
      response.end(
        `<?xml version='1.0' encoding='utf-8' ?>\n<Response><RequestId>NjR</RequestId>${xml}</Response>`,
      )
    }, answerMs)
  }
}).listen(0, '127.0.0.1', function listening() {
  console.log(this.address().port)
})

function page(query) {
  const from = Date.parse(query.get('startCreationTime'))
  const to = Date.parse(query.get('endCreationTime'))
  const found = executions.filter(({ createdAt }) => createdAt >= from && createdAt <= to)
  const start = Number(query.get('nextToken') ?? 0)
  const end = start + Number(query.get('size'))
  const lines = found
    .slice(start, end)
    .map(
      ({ runId, object, createdAt, state }) =>
        `<WorkflowExecutionList><RunId>${runId}</RunId><WorkflowId>w1</WorkflowId><Object>${object}</Object>` +
        `<CreateTime>${time(createdAt)}</CreateTime><State>${state}</State></WorkflowExecutionList>`,
    )
  return `${lines.join('')}<NextToken>${end < found.length ? end : ''}</NextToken>`
}

function detail({ runId, object, createdAt, state }) {
  const task = (type) =>
    `<Tasks><Type>${type}</Type><State>${state}</State><JobId>j${runId}</JobId><CreateTime>${time(createdAt)}</CreateTime>` +
    `<StartTime>${time(createdAt)}</StartTime><EndTime>${time(createdAt + 60_000)}</EndTime><Code>Success</Code><Message/>` +
    `<Name>${type}_1</Name></Tasks>`
  return (
    `<WorkflowExecution><WorkflowId>w1</WorkflowId><Name>all</Name><RunId>${runId}</RunId><CreateTime>${time(createdAt)}</CreateTime>` +
    `<Object>${object}</Object><State>${state}</State><Topology><Dependencies/><Nodes/></Topology>${task('Transcode')}${task('Snapshot')}</WorkflowExecution>`
  )
}
