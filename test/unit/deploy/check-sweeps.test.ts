import { aboutIn, checkSweeps, lastSweep } from '../../../tools/deploy/commands/doctor/check-sweeps'
import { CloudError } from '../../../tools/deploy/cloud/cloud-api'
import type { Session } from '../../../tools/deploy/session'

const NOW = Date.UTC(2026, 0, 5, 8)
const ago = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString()

test.each<[told: unknown, verdict: string, what: string]>([
  [ago(0), 'ok', 'last sweep: 2026-01-05T08:00:00.000Z, just now'],
  [ago(4), 'ok', 'last sweep: 2026-01-05T07:56:00.000Z, 4 min ago'],
  [ago(15), 'ok', 'last sweep: 2026-01-05T07:45:00.000Z, 15 min ago'],
  [ago(16), 'FAIL', 'last sweep: 2026-01-05T07:44:00.000Z, 16 min ago'],
  [ago(3 * 24 * 60), 'FAIL', 'last sweep: 2026-01-02T08:00:00.000Z, 4320 min ago'],
  [ago(-2), 'ok', 'last sweep: 2026-01-05T08:02:00.000Z, just now'],
  [ago(-60), 'warn', 'last sweep: 2026-01-05T09:00:00.000Z, which is still to come'],
  [null, 'warn', 'last sweep: none yet'],
  [undefined, 'warn', 'last sweep: not known: the function does not say it'],
  ['soon', 'warn', 'last sweep: not known: the function does not say it'],
  [5, 'warn', 'last sweep: not known: the function does not say it'],
])('the last sweep: %j is %s', (told, verdict, what) => {
  expect(lastSweep(told, NOW)).toMatchObject({ verdict, what })
})

test.each([
  ['{"store":"cos"}', { store: 'cos' }],
  ['', null],
  ['<html>', null],
  ['null', null],
  ['1', null],
])('what the function says of itself: %s', (text, about) => expect(aboutIn(text)).toEqual(about))

/** A session in a cloud whose sweep function has these triggers; null: it is not deployed. */
function sessionWith(triggers: readonly { Type: string; Enable: number }[] | null): Session {
  const call: Session['call'] = async (_, action) => {
    if (triggers === null) throw new CloudError('ResourceNotFound.Function', 'not there')
    return Promise.resolve(
      action === 'GetFunction'
        ? {}
        : {
            Triggers: triggers.map((one) => ({
              ...one,
              TriggerName: 'n',
              TriggerDesc: '{"cron":"0 */5 * * * * *"}',
            })),
          },
    )
  }
  const parameters = { cronExpression: '0 */5 * * * * *' }
  const functions = { sweep: { events: [{ timer: { parameters } }] } }
  const serverless = { service: { functions } }
  return { call, serverless, functionName: (name: string) => `relay-dev-${name}` } as unknown as Session
}

test.each<[string, Parameters<typeof sessionWith>[0], readonly string[]]>([
  ['on', [{ Type: 'timer', Enable: 1 }], ['ok timer: on']],
  ['off', [{ Type: 'timer', Enable: 0 }], ['FAIL timer: off, so that nothing is swept']],
  [
    'one of two on',
    [
      { Type: 'timer', Enable: 0 },
      { Type: 'timer', Enable: 1 },
    ],
    ['ok timer: on'],
  ],
  ['another trigger only', [{ Type: 'cls', Enable: 1 }], ['FAIL timer: none, so that nothing is swept']],
  ['not deployed, which is said elsewhere', null, []],
])('the timer: %s', async (_, triggers, said) => {
  const found = await checkSweeps(sessionWith(triggers), null)
  expect(found.map(({ verdict, what }) => `${verdict} ${what}`)).toEqual(said)
})

test('without a store nothing is said of the last sweep', async () => {
  const on = sessionWith([{ Type: 'timer', Enable: 1 }])
  expect(await checkSweeps(on, { store: null })).toHaveLength(1)
  expect(await checkSweeps(on, { store: 'cos', lastSweep: null })).toHaveLength(2)
})
