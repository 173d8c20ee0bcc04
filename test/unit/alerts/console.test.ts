import { Deadline } from '../../../src/net/deadline'
import { openConsoleChannel } from '../../support/open-drivers'
import { CONTEXT } from '../../support/driver-errors'
import { ENGLISH } from '../../support/sample-alerts'

type Write = (text: string, done: (error?: Error) => void) => boolean

let printed: string[] = []
let spy: jest.SpyInstance<boolean, Parameters<Write>>

function capture(): void {
  printed = []
  spy = jest.spyOn(process.stdout as unknown as { write: Write }, 'write')
  taking()
}

function taking(): void {
  spy.mockImplementation((text, done) => {
    printed.push(text)
    done()
    return true
  })
}

function refusing(): void {
  spy.mockImplementation((_, done) => {
    done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    return false
  })
}

test('a terminal that is gone is a failure', async () => {
  capture()
  refusing()
  const sent = openConsoleChannel('console:', CONTEXT).send(ENGLISH, Deadline.in(1000))
  await expect(sent).rejects.toMatchObject({ name: 'PeerError', message: 'console: EPIPE' })
  spy.mockRestore()
})

describe('console colours', () => {
  const { isTTY } = process.stdout
  const before = process.env['NO_COLOR']

  beforeEach(capture)
  afterEach(() => {
    spy.mockRestore()
    process.stdout.isTTY = isTTY
    if (before === undefined) delete process.env['NO_COLOR']
    else process.env['NO_COLOR'] = before
  })

  test.each([
    [true, '', true],
    [true, '1', false],
    [false, '', false],
  ])('terminal %s, NO_COLOR "%s": coloured %s', async (terminal, noColor, coloured) => {
    process.stdout.isTTY = terminal
    process.env['NO_COLOR'] = noColor
    await openConsoleChannel('console:', CONTEXT).send(ENGLISH, Deadline.in(1000))
    expect(printed[0]!.includes('\u001b[1;31m🔴 Workflow failed: Lesson videos\u001b[0m')).toBe(coloured)
  })
})
