// Kinds of bodies that a POST can bring, honest and hostile, each of any size. `npm run bench -- --bodies` and test/reliability/bodies.test.ts try every one.

const { createHash } = require('node:crypto')

const LARGEST = 6 * 1024 * 1024
/** The size that is promised. */
const TASKS = 13_000

const id = (number) => `i${String(number).padStart(32, '0')}`

/** A unit as often as it goes into so many bytes of UTF-8; at most `most` times. */
function filled(bytes, head, unit, tail, most = Infinity) {
  const parts = [head]
  let left = bytes - Buffer.byteLength(head) - Buffer.byteLength(tail)
  for (let index = 0; index < most; index += 1) {
    const part = typeof unit === 'string' ? unit : unit(index)
    const size = Buffer.byteLength(part)
    if (size > left) break
    if (typeof unit === 'string') {
      parts.push(unit.repeat(Math.min(most, Math.floor(left / size))))
      break
    }
    parts.push(part)
    left -= size
  }
  parts.push(tail)
  return parts.join('')
}

const xmlHead = (state, object = 'input/clip.mp4') =>
  `<?xml version="1.0" encoding="utf-8"?>\n<Response><EventName>WorkflowFinish</EventName><WorkflowExecution><RunId>${id(7)}</RunId><BucketId>media-1250000000</BucketId><Object>${object}</Object><WorkflowId>w1</WorkflowId><WorkflowName>transcode-all</WorkflowName><CreateTime>2026-11-01 11:00:41+0800</CreateTime><State>${state}</State>`
const XML_TAIL = '</WorkflowExecution></Response>'
const xmlTask =
  (state, words = 'mp4-1080p') =>
  (index) =>
    `<Tasks><Type>Transcode</Type><CreateTime>2026-11-01 11:00:42+0800</CreateTime><StartTime>2026-11-01 11:00:43+0800</StartTime><EndTime>2026-11-01 11:00:45+0800</EndTime><State>${state}</State><JobId>j${String(index).padStart(32, '0')}</JobId><Name>Transcode_${1_600_000_000_000 + index}</Name><TemplateId>t0123456789abcdef0123456789abcdef0</TemplateId><TemplateName>${words}</TemplateName></Tasks>`
const xmlOutputs = (index) =>
  `<Tasks><Type>Snapshot</Type><State>Success</State><JobId>j${index}</JobId><EndTime>2026-11-01 11:00:45+0800</EndTime><ResultInfo><ObjectCount>2</ObjectCount>${[1, 2].map((one) => `<ObjectInfo><ObjectName>out/${index}-${one}.jpg</ObjectName><ObjectUrl>https://media-1250000000.cos.ap-chongqing.myqcloud.com/out/${index}-${one}.jpg</ObjectUrl><Code>0</Code></ObjectInfo>`).join('')}</ResultInfo></Tasks>`

const jsonHead = (state) =>
  `{"EventName":"WorkflowFinish","WorkflowExecution":{"RunId":"${id(8)}","BucketId":"media-1250000000","Object":"input/clip.mp4","WorkflowId":"w1","WorkflowName":"transcode-all","CreateTime":"2026-11-01 11:00:41+0800","State":"${state}","Tasks":[null`
const JSON_TAIL = ']}}'
const jsonTask =
  (state, words = 'mp4-1080p') =>
  (index) =>
    `,{"Type":"Transcode","CreateTime":"2026-11-01 11:00:42+0800","StartTime":"2026-11-01 11:00:43+0800","EndTime":"2026-11-01 11:00:45+0800","State":"${state}","JobId":"j${String(index).padStart(32, '0')}","Name":"Transcode_${1_600_000_000_000 + index}","TemplateId":"t0123456789abcdef0123456789abcdef0","TemplateName":"${words}"}`

const job = (index, state, more = '') =>
  `<JobsDetail><Code>${state}</Code><JobId>j${String(index).padStart(32, '0')}</JobId><State>${state}</State><Tag>Transcode</Tag><EndTime>2026-11-01T11:00:45+0800</EndTime><Input><BucketId>media-1250000000</BucketId><Object>in/${index}.mp4</Object></Input><Operation><TemplateId>t1</TemplateId>${more}</Operation></JobsDetail>`
const jsonJob = () =>
  `{"JobsDetail":{"Code":"Success","JobId":"${id(9)}","State":"Success","Operation":{"Output":[0`
const inOperation = (bytes, unit, tail = '') => filled(bytes, jsonJob(), unit, `${tail}]}}}`)
const inXmlOperation = (bytes, unit) =>
  filled(
    bytes,
    `<Response><JobsDetail><Code>Success</Code><JobId>${id(9)}</JobId><State>Success</State><Operation>`,
    unit,
    '</Operation></JobsDetail></Response>',
  )
/** Inside of the root, behind which the document is what it should be. */
const inRoot = (bytes, unit, tail = '') => filled(bytes, xmlHead('Success'), unit, tail + XML_TAIL)

/** What no compression makes shorter than three quarters. */
const noise = (index) =>
  Array.from({ length: 40 }, (_, part) =>
    createHash('sha256').update(`${index}/${part}`).digest('base64'),
  ).join('')

/** As many as fit. */
const shortJob = (index, state) =>
  `<JobsDetail><JobId>j${index}</JobId><State>${state}</State><Input><Object>o${index}</Object></Input></JobsDetail>`
const shortJsonJob = (index) => `,{"JobId":"j${index}","State":"Success","Input":{"Object":"o${index}"}}`

/** [name, the status of the answer, the body of so many bytes]. 200 where a body is honest or only odd, 400 where it is refused. */
const KINDS = [
  // Honest: what CI sends, at the size that is promised.
  ['xml: succeeded tasks', 200, (n) => filled(n, xmlHead('Success'), xmlTask('Success'), XML_TAIL, TASKS)],
  ['xml: failed tasks', 200, (n) => filled(n, xmlHead('Failed'), xmlTask('Failed'), XML_TAIL, TASKS)],
  ['xml: cancelled tasks', 200, (n) => filled(n, xmlHead('Cancel'), xmlTask('Cancel'), XML_TAIL, TASKS)],
  [
    'xml: succeeded with failed tasks',
    200,
    (n) => filled(n, xmlHead('Success'), xmlTask('Failed'), XML_TAIL, TASKS),
  ],
  [
    'xml: failed tasks, Chinese',
    200,
    (n) => filled(n, xmlHead('Failed', '视频/片尾.mp4'), xmlTask('Failed', '转码模板'), XML_TAIL, TASKS),
  ],
  [
    'xml: failed tasks, emoji',
    200,
    (n) => filled(n, xmlHead('Failed', '😀.mp4'), xmlTask('Failed', '😀'), XML_TAIL, TASKS),
  ],
  ['xml: tasks with outputs', 200, (n) => filled(n, xmlHead('Success'), xmlOutputs, XML_TAIL, 10_000)],
  [
    'xml: indented tasks',
    200,
    (n) =>
      filled(
        n,
        xmlHead('Failed'),
        (i) => xmlTask('Failed')(i).replaceAll('><', '>\n            <'),
        XML_TAIL,
        TASKS,
      ),
  ],
  [
    'json: succeeded tasks',
    200,
    (n) => filled(n, jsonHead('Success'), jsonTask('Success'), JSON_TAIL, TASKS),
  ],
  ['json: failed tasks', 200, (n) => filled(n, jsonHead('Failed'), jsonTask('Failed'), JSON_TAIL, TASKS)],
  [
    'json: failed tasks, Chinese',
    200,
    (n) => filled(n, jsonHead('Failed'), jsonTask('Failed', '转码模板'), JSON_TAIL, TASKS),
  ],
  [
    'json: failed tasks, escaped',
    200,
    (n) => filled(n, jsonHead('Failed'), jsonTask('Failed', '\\u8f6c\\u7801\\"'), JSON_TAIL, TASKS),
  ],
  [
    'xml: 2,000 jobs',
    200,
    (n) =>
      filled(
        n,
        '<Response>',
        (i) => job(i, 'Success', '<UserData>0123456789</UserData>'),
        '</Response>',
        2_000,
      ),
  ],
  [
    'xml: 2,000 failed jobs',
    200,
    (n) => filled(n, '<Response>', (i) => job(i, 'Failed'), '</Response>', 2_000),
  ],
  [
    'xml: 2,000 jobs, the same one',
    200,
    (n) => filled(n, '<Response>', () => job(1, 'Failed'), '</Response>', 2_000),
  ],
  [
    'xml: 2,000 large jobs',
    200,
    (n) =>
      filled(
        n,
        '<Response>',
        (i) => job(i, 'Success', `<UserData>${'u'.repeat(2_700)}</UserData>`),
        '</Response>',
        2_000,
      ),
  ],
  ['xml: 10,000 jobs', 200, (n) => filled(n, '<Response>', (i) => job(i, 'Success'), '</Response>', 10_000)],
  [
    'xml: 10,000 failed jobs',
    200,
    (n) => filled(n, '<Response>', (i) => job(i, 'Failed'), '</Response>', 10_000),
  ],
  [
    'xml: 50,000 jobs',
    200,
    (n) => filled(n, '<Response>', (i) => shortJob(i, 'Success'), '</Response>', 50_000),
  ],
  [
    'xml: 50,000 failed jobs',
    200,
    (n) => filled(n, '<Response>', (i) => shortJob(i, 'Failed'), '</Response>', 50_000),
  ],
  ['json: 50,000 jobs', 200, (n) => filled(n, '{"JobsDetail":[null', shortJsonJob, ']}', 50_000)],
  [
    'xml: 10,000 jobs of 35 elements',
    200,
    (n) => filled(n, '<Response>', (i) => job(i, 'Success', '<a/>'.repeat(35)), '</Response>', 10_000),
  ],
  [
    'xml: jobs that cannot be compressed',
    200,
    (n) =>
      filled(n, '<Response>', (i) => job(i, 'Success', `<UserData>${noise(i)}</UserData>`), '</Response>'),
  ],
  [
    'xml: more jobs than may be',
    400,
    (n) => filled(n, '<Response>', '<JobsDetail><JobId>j</JobId><Code>0</Code></JobsDetail>', '</Response>'),
  ],
  [
    'xml: more elements in jobs than may be',
    400,
    (n) => filled(n, '<Response>', (i) => job(i, 'Success', '<a/>'.repeat(400)), '</Response>'),
  ],
  [
    'xml: a fault in the last of many jobs',
    400,
    (n) =>
      filled(
        n,
        '<Response>',
        (i) => job(i, 'Success'),
        '<JobsDetail><State>&nope;</State></JobsDetail></Response>',
        10_000,
      ),
  ],
  [
    'xml: a job with snapshots',
    200,
    (n) => inXmlOperation(n, (i) => `<ObjectName>output/${i}.jpg</ObjectName>`),
  ],
  ['json: a job with snapshots', 200, (n) => inOperation(n, (i) => `,"output/snapshots/${i}.jpg"`)],
  // Long: one text, wherever a text may stand.
  [
    'xml: a long object name',
    200,
    (n) =>
      filled(
        n,
        '<Response><WorkflowExecution><RunId>r</RunId><State>Failed</State><Object>',
        'o',
        '</Object></WorkflowExecution></Response>',
      ),
  ],
  [
    'xml: a long Chinese object name',
    200,
    (n) =>
      filled(
        n,
        '<Response><WorkflowExecution><RunId>r</RunId><State>Failed</State><Object>',
        '名',
        '</Object></WorkflowExecution></Response>',
      ),
  ],
  [
    'json: a long workflow name',
    200,
    (n) => filled(n, '{"WorkflowExecution":{"RunId":"r","State":"Failed","WorkflowName":"', 'w', '"}}'),
  ],
  [
    'json: a long text of escapes',
    200,
    (n) =>
      filled(n, '{"WorkflowExecution":{"RunId":"r","State":"Success","WorkflowName":"', '\\u4e2d', '"}}'),
  ],
  [
    'json: a long text of quotes',
    200,
    (n) => filled(n, '{"WorkflowExecution":{"RunId":"r","State":"Failed","WorkflowName":"', '\\"', '"}}'),
  ],
  [
    'xml: a long RunId',
    400,
    (n) =>
      filled(
        n,
        '<Response><WorkflowExecution><RunId>',
        'r',
        '</RunId><State>Success</State></WorkflowExecution></Response>',
      ),
  ],
  ['json: a long State', 400, (n) => filled(n, '{"WorkflowExecution":{"RunId":"r","State":"', '态', '"}}')],
  [
    'json: a RunId of many digits',
    400,
    (n) => filled(n, '{"WorkflowExecution":{"State":"Success","RunId":1', '0', '}}'),
  ],
  [
    'xml: text of references',
    200,
    (n) =>
      filled(
        n,
        '<Response><WorkflowExecution><RunId>r</RunId><State>Failed</State><WorkflowName>',
        '&amp;',
        '</WorkflowName></WorkflowExecution></Response>',
      ),
  ],
  [
    'xml: text between references',
    200,
    (n) =>
      filled(
        n,
        '<Response><WorkflowExecution><RunId>r</RunId><State>Failed</State><WorkflowName>',
        '中&#x4e2d;',
        '</WorkflowName></WorkflowExecution></Response>',
      ),
  ],
  [
    'xml: one CDATA section',
    200,
    (n) =>
      filled(
        n,
        '<Response><WorkflowExecution><RunId>r</RunId><State>Failed</State><WorkflowName><![CDATA[',
        '<x>&',
        ']]></WorkflowName></WorkflowExecution></Response>',
      ),
  ],
  [
    'xml: many CDATA sections',
    200,
    (n) =>
      filled(
        n,
        '<Response><WorkflowExecution><RunId>r</RunId><State>Failed</State><WorkflowName>',
        '<![CDATA[x]]>y',
        '</WorkflowName></WorkflowExecution></Response>',
      ),
  ],
  [
    'xml: many headers',
    200,
    (n) =>
      filled(
        n,
        xmlHead('Success'),
        (i) => `<CosHeaders><Key>x-cos-meta-${i}</Key><Value>v</Value></CosHeaders>`,
        XML_TAIL,
        80_000,
      ),
  ],
  // Odd, but well-formed.
  ['xml: one comment', 200, (n) => filled(n, xmlHead('Success') + '<!--', 'c', `-->${XML_TAIL}`)],
  ['xml: many comments', 200, (n) => inRoot(n, '<!---->')],
  [
    'xml: text between comments',
    200,
    (n) =>
      filled(
        n,
        '<Response><WorkflowExecution><RunId>r</RunId><State>Failed</State><WorkflowName>',
        'o<!---->',
        '</WorkflowName></WorkflowExecution></Response>',
      ),
  ],
  ['xml: one instruction', 200, (n) => filled(n, xmlHead('Success') + '<?x ', '?', `?>${XML_TAIL}`)],
  ['xml: many instructions', 200, (n) => inRoot(n, '<?x?>')],
  ['xml: blanks inside', 200, (n) => inRoot(n, ' \n')],
  ['xml: blanks in front', 200, (n) => filled(n, '', '\n', xmlHead('Success') + XML_TAIL)],
  ['xml: blanks behind', 200, (n) => filled(n, xmlHead('Success') + XML_TAIL, ' ', '\n')],
  ['xml: blanks in a tag', 200, (n) => filled(n, `${xmlHead('Success')}<a`, ' ', `/>${XML_TAIL}`)],
  [
    'xml: blanks in a closing tag',
    200,
    (n) => filled(n, `${xmlHead('Success')}<a></a`, '\t', `>${XML_TAIL}`),
  ],
  ['xml: a long attribute', 200, (n) => filled(n, `${xmlHead('Success')}<a b="`, '&lt;', `"/>${XML_TAIL}`)],
  ['json: blanks', 200, (n) => filled(n, '{', ' ', '"WorkflowExecution":{"RunId":"r","State":"Success"}}')],
  // More than a callback can hold.
  ['xml: empty elements', 400, (n) => inRoot(n, '<a/>')],
  ['xml: elements in elements', 400, (n) => inRoot(n, '<a><b/></a>')],
  ['xml: names of their own', 400, (n) => inRoot(n, (i) => `<n${i.toString(36)}/>`)],
  [
    'xml: as many names as may be',
    200,
    (n) => filled(n, xmlHead('Success'), (i) => `<n${i.toString(36)}/>`, XML_TAIL, 240_000),
  ],
  [
    'xml: as many elements as may be',
    200,
    (n) => filled(n, xmlHead('Success'), '<a><b/></a>', XML_TAIL, 120_000),
  ],
  [
    'xml: more tasks than may be',
    400,
    (n) => filled(n, xmlHead('Failed'), '<Tasks><a/></Tasks>', XML_TAIL, 120_000),
  ],
  ['xml: deep elements', 400, (n) => filled(n, '', '<a>', '')],
  [
    'xml: as deep as may be',
    200,
    (n) => filled(n, xmlHead('Success'), `${'<a>'.repeat(61)}x${'</a>'.repeat(61)}`, XML_TAIL, 4_000),
  ],
  ['xml: many attributes', 400, (n) => inRoot(n, '<a b=""/>')],
  [
    'xml: attributes in one tag',
    400,
    (n) => filled(n, `${xmlHead('Success')}<a`, (i) => ` b${i}=""`, `/>${XML_TAIL}`),
  ],
  ['xml: a long name', 400, (n) => filled(n, `${xmlHead('Success')}<`, 'n', `/>${XML_TAIL}`)],
  ['xml: a long attribute name', 400, (n) => filled(n, `${xmlHead('Success')}<a `, 'n', `=""/>${XML_TAIL}`)],
  ['json: empty objects', 400, (n) => inOperation(n, ',{}')],
  ['json: empty lists', 400, (n) => inOperation(n, ',[]')],
  ['json: digits', 400, (n) => inOperation(n, ',1')],
  [
    'json: names of their own',
    400,
    (n) => filled(n, `${jsonJob()},{"a":0`, (i) => `,"${i.toString(36)}":0`, '}]}}}'),
  ],
  [
    'json: many names in one object',
    400,
    (n) => filled(n, `${jsonJob()},{"a":0`, (i) => `,"${i.toString(36)}":0`, '}]}}}', 240_000),
  ],
  [
    'json: names of one hash',
    200,
    (n) =>
      filled(
        n,
        `${jsonJob()},{"a":0`,
        (i) => `${i % 900 === 899 ? '},{"a":0' : ''},"${(i % 4_000) * 2 ** 20 + Math.floor(i / 4_000)}":0`,
        '}]}}}',
        240_000,
      ),
  ],
  ['json: as many objects as may be', 200, (n) => filled(n, jsonJob(), ',{"a":{}}', ']}}}', 120_000)],
  [
    'json: more tasks than may be',
    400,
    (n) => filled(n, jsonHead('Failed'), ',{"Type":"x"}', JSON_TAIL, 120_000),
  ],
  ['json: one name again and again', 400, (n) => filled(n, '{"a":0', ',"a":0', '}')],
  [
    'json: a doubled RunId',
    400,
    (n) =>
      filled(
        n,
        '{"WorkflowExecution":{"State":"Success","RunId":"r","RunId":"r","WorkflowName":"',
        'w',
        '"}}',
      ),
  ],
  ['json: deep lists', 400, (n) => filled(n, '{"a":', '[', '')],
  ['json: deep objects', 400, (n) => filled(n, '', '{"a":', '')],
  // No XML, no JSON.
  ['xml: <!aaaa…', 400, (n) => filled(n, '<a><!', 'a', '')],
  ['xml: <!FOO> again and again', 400, (n) => inRoot(n, '<!FOO>')],
  ['xml: an entity without an end', 400, (n) => filled(n, '<a>&', 'a', '')],
  ['xml: a reference of many digits', 400, (n) => filled(n, '<a>&#', '0', '65;</a>')],
  ['xml: a DOCTYPE', 400, (n) => filled(n, '<!DOCTYPE a [', '<!ENTITY b "bb">', ']><a>&b;</a>')],
  ['xml: quotes without an end', 400, (n) => filled(n, '<a b="', 'c', '')],
  ['xml: a comment without an end', 400, (n) => filled(n, '<a><!--', '-', '')],
  ['xml: CDATA without an end', 400, (n) => filled(n, '<a><![CDATA[', ']', '')],
  ['xml: an instruction without an end', 400, (n) => filled(n, '<a><?b ', '?', '')],
  ['xml: a declaration without an end', 400, (n) => filled(n, '<?xml', ' ', '')],
  ['xml: < again and again', 400, (n) => filled(n, '<a>', '<', '')],
  ['xml: > again and again', 400, (n) => filled(n, '<a>', '>', '')],
  ['xml: & again and again', 400, (n) => filled(n, '<a>', '&', '')],
  ['xml: ]]> again and again', 400, (n) => filled(n, '<a>', ']]>', '')],
  ['xml: cut off', 400, (n) => inRoot(n, xmlTask('Failed')).slice(0, -XML_TAIL.length)],
  ['xml: a fault at the end', 400, (n) => inRoot(n, xmlTask('Failed'), '&nope;')],
  ['xml: a control character at the end', 400, (n) => inRoot(n, 'a', '\u001b')],
  ['xml: a second root', 400, (n) => filled(n, '<a/>', '<b/>', '')],
  ['xml: lines, then a fault', 400, (n) => filled(n, '<a>', '\n', '</b>')],
  ['json: a fault at the end', 400, (n) => filled(n, jsonHead('Failed'), jsonTask('Failed'), ',tru]}}')],
  ['json: cut off', 400, (n) => filled(n, jsonHead('Failed'), jsonTask('Failed'), '')],
  ['json: a text without an end', 400, (n) => filled(n, '{"a":"', 'a', '')],
  ['json: backslashes without an end', 400, (n) => filled(n, '{"a":"', '\\\\', '')],
  ['json: a bad escape at the end', 400, (n) => filled(n, '{"a":"', '\\n', '\\q"}')],
  ['json: a number without an end', 400, (n) => filled(n, '{"a":1.', '1', '')],
  ['json: no object', 400, (n) => filled(n, '{"a":1}', '1', '')],
  ['json: garbage', 400, (n) => filled(n, '{', 'a', '')],
  ['neither: letters', 400, (n) => filled(n, '', 'a', '')],
  ['neither: blanks', 400, (n) => filled(n, '', '\n', '')],
  ['neither: null characters', 400, (n) => filled(n, '', '\0', '')],
]

module.exports = { KINDS, LARGEST }
