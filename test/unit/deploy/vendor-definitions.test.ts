import { definitionProblems } from '../../support/vendor-definitions'

test('a call as it is defined', () => {
  expect(
    definitionProblems('scf', 'DeleteTrigger', {
      FunctionName: 'f',
      TriggerName: 't',
      Type: 'timer',
      Qualifier: '$LATEST',
    }),
  ).toEqual([])
  expect(definitionProblems('cam', 'GetUserAppId', {})).toEqual([])
})

test('names, types, required ones, also within', () => {
  expect(definitionProblems('scf', 'Invent', {})).toEqual([
    "scf:Invent is no action of the vendor's definitions",
  ])
  expect(
    definitionProblems('scf', 'CreateFunction', {
      FunctionName: 1,
      Memory: 128,
      Environment: { Variables: [{ Key: 'a', Value: 1 }] },
    }),
  ).toEqual([
    'scf:CreateFunction: Code is required',
    'scf:CreateFunction.FunctionName: a number, not a string',
    'scf:CreateFunction: there is no parameter Memory',
    'scf:CreateFunction.Environment.Variables.0.Value: a number, not a string',
  ])
  expect(definitionProblems('cam', 'CreateRole', { RoleName: 'r', Policy: '' })).toEqual([
    'cam:CreateRole: there is no parameter Policy',
  ])
  expect(definitionProblems('cls', 'SearchLog', { TopicId: 't', From: 1, To: 2, Query: '' })).toContain(
    'cls:SearchLog: there is no parameter Query',
  )
})
