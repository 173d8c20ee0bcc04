/** A workflow callback with so many tasks, in the shape that CI sends (EventName, template fields). */
export function execution(tasks, runId = 'i0000000000000000000000000000000') {
  const task = (index) => `        <Tasks>
            <Type>Transcode</Type>
            <CreateTime>2026-11-01 11:00:42+0800</CreateTime>
            <StartTime>2026-11-01 11:00:43+0800</StartTime>
            <EndTime>2026-11-01 11:00:45+0800</EndTime>
            <State>Success</State>
            <JobId>j${String(index).padStart(32, '0')}</JobId>
            <Name>Transcode_${1600000000000 + index}</Name>
            <TemplateId>t0123456789abcdef0123456789abcdef0</TemplateId>
            <TemplateName>mp4-1080p</TemplateName>
        </Tasks>
`
  return `<?xml version="1.0" encoding="utf-8"?>
<Response>
    <EventName>WorkflowFinish</EventName>
    <WorkflowExecution>
        <RunId>${runId}</RunId>
        <BucketId>media-1250000000</BucketId>
        <Object>input/2026/clip.mp4</Object>
        <CosHeaders>
            <Key>Content-Type</Key>
            <Value>video/mp4</Value>
        </CosHeaders>
        <WorkflowId>w0123456789abcdef0123456789abcdef</WorkflowId>
        <WorkflowName>transcode-all</WorkflowName>
        <CreateTime>2026-11-01 11:00:41+0800</CreateTime>
        <State>Success</State>
${Array.from({ length: tasks }, (_, index) => task(index)).join('')}    </WorkflowExecution>
</Response>
`
}
