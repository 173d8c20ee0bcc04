import { regionProblem, runtimeProblem, stageProblem } from '../../../tools/deploy/commands/check-names'

test.each([
  ['guangzhou', 'ap-guangzhou'],
  ['gz', 'ap-guangzhou'],
  ['GZ', 'ap-guangzhou'],
  ['广州', 'ap-guangzhou'],
  ['ap-gaungzhou', 'ap-guangzhou'],
  ['ap_shanghai', 'ap-shanghai'],
  ['AP-BEIJING', 'ap-beijing'],
  ['hk', 'ap-hongkong'],
])('%s: %s is meant', (region, meant) => {
  expect(regionProblem('region', region)).toBe(`region: there is no region ${region}; write ${meant}`)
})

test('a region is one that is known, or looks like one that is new', () => {
  for (const region of ['ap-guangzhou', 'na-siliconvalley', 'af-newplace'])
    expect(regionProblem('region', region)).toBeNull()
  expect(regionProblem('COS_REGION', 'https://x')).toMatch(
    /^COS_REGION: https:\/\/x is no region; there are ap-/,
  )
})

const FUNCTIONS = ['callback', 'sweep']
test.each([
  ['feature/login', /letters, digits, - and _ only; for example --stage feature-login$/],
  ['中文', /letters, digits, - and _ only; for example --stage test$/],
  ['a b', /for example --stage a-b$/],
  [
    'x'.repeat(40),
    /has 40 characters; .* has 68 of the 60 that SCF takes, so a stage has at most 32; for example --stage x{32}$/,
  ],
])('the stage %s', (stage, words) => {
  expect(stageProblem('cos-callback-relay', stage, FUNCTIONS)).toMatch(words)
})

test('a stage that SCF takes, to the last character', () => {
  expect(stageProblem('cos-callback-relay', 'x'.repeat(32), FUNCTIONS)).toBeNull()
  expect(stageProblem('cos-callback-relay', 'prod_1', FUNCTIONS)).toBeNull()
  expect(stageProblem('1relay', 'dev', FUNCTIONS)).toMatch(
    /^service: 1relay in serverless.yml is to begin with a letter/,
  )
})

test('runtimes', () => {
  for (const runtime of ['Nodejs20.19', 'Nodejs22.21', 'Nodejs24.11'])
    expect(runtimeProblem(runtime)).toBeNull()
  for (const runtime of ['Nodejs18.15', 'nodejs20', 'Python3.10', ''])
    expect(runtimeProblem(runtime)).toMatch(/use one of Node.js 20 or later/)
})
