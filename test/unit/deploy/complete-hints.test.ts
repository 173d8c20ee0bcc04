import { completeHints } from '../../../tools/deploy/patches/complete-hints'

const text =
  'run `npx serverless callback test`, then `npx serverless deploy`; `npm run outbox -- list`; `npm test`'

test('nothing is added where nothing else was told', () => {
  const line = { stage: 'dev', usualStage: null, params: {} }
  expect(completeHints(text, line)).toBe(text)
  expect(completeHints(text, { ...line, stage: 'prod', usualStage: 'prod' })).toBe(text)
})

test('stage and parameters are said again, fit for a shell', () => {
  const line = {
    stage: 'prod',
    usualStage: null,
    params: { stage: 'prod', region: 'ap-shanghai', credentials: "~/my keys/it's" },
  }
  const rest = " --stage prod --param region=ap-shanghai --param 'credentials=~/my keys/it'\\''s'"
  expect(completeHints(text, line)).toBe(
    `run \`npx serverless callback test${rest}\`, then \`npx serverless deploy${rest}\`; \`DEPLOY_STAGE=prod npm run outbox -- list\`; \`npm test\``,
  )
})

test('dev is said where the environment says otherwise; a stage that is there is left', () => {
  const line = { stage: 'dev', usualStage: 'prod', params: {} }
  expect(completeHints('`npx serverless info`', line)).toBe('`npx serverless info --stage dev`')
  expect(completeHints('`npx serverless info --stage x`', line)).toBe('`npx serverless info --stage x`')
})
