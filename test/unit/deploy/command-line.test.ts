import { commandLineProblem } from '../../../tools/deploy/command-line'

const refusal = (names: string): string =>
  `No secret is taken by --param, nor by any other argument, since \`ps\` shows it and npm's log (~/.npm/_logs) keeps it: put ${names} into the environment or .env, with a new value, for the old one has been written down.`

test.each<[string, readonly string[]]>([
  ['QUEUE_URL', ['deploy', '--param', 'QUEUE_URL=amqp://u:canary@h/v?queue=q']],
  ['QUEUE_URL', ['deploy', '--param=QUEUE_URL=https://h/canary']],
  ['ALERT_URLS', ['print', '--param="ALERT_URLS=wecom://canary"']],
  ['STORE_URL', ['info', '--param', ' STORE_URL=rediss://:canary@h/0']],
  ['CALLBACK_TOKEN', ['callback', 'test', '--stage', 'dev', '--param', "'CALLBACK_TOKEN'=canary"]],
  ['TENCENT_SECRET_KEY', ['deploy', '--param', 'TENCENT_SECRET_KEY=canary']],
  // Not what it is called, but it is what was meant.
  ['QUEU_URL', ['deploy', '--param', 'QUEU_URL=https://h/canary']],
  // What serverless passes over in silence: the words after the first of a --param, and an option that nobody knows.
  ['QUEUE_URL', ['deploy', '--param', 'memory=256', 'QUEUE_URL=https://h/canary']],
  ['CALLBACK_TOKEN', ['deploy', '--CALLBACK_TOKEN', 'canary']],
  ['STORE_URL', ['deploy', '--STORE_URL=rediss://:canary@h/0']],
  ['ALERT_URLS', ['invoke', 'local', '-f', 'callback', '--env', 'ALERT_URLS=wecom://canary']],
  ['QUEUE_URL', ['invoke', 'local', '-e', 'QUEUE_URL=amqp://u:canary\n2@h/v']],
  [
    'QUEUE_URL and ALERT_URLS',
    ['--param', 'QUEUE_URL=a', '--param', 'ALERT_URLS=b', '--param', 'QUEUE_URL=c'],
  ],
])('%s is refused, and its value not repeated: %j', (names, args) => {
  expect(commandLineProblem(args)).toBe(refusal(names))
})

test.each<readonly string[][]>([
  [['deploy', '--param', 'canary']],
  [['deploy', '--param=https://h/canary?x=1']],
  [['deploy', '--param', 'memory=256', 'canary']],
])('what is no setting is not repeated: %j', (args) => {
  expect(commandLineProblem(args)).toBe('--param takes NAME=value, and something else was given.')
})

test.each<readonly string[][]>([
  [
    [
      'deploy',
      '--stage',
      'prod',
      '--param',
      'memory=256',
      '--param=trigger=url',
      '--verbose',
      '--show-token',
    ],
  ],
  [['deploy', '--param', 'credentials=~/keys.ini', '--param', 'RECONCILE=media-1250000000/w1']],
  [['invoke', '-f', 'callback', '--data', '{"path":"/x","queryString":"token=local"}']],
  [['logs', '-f', 'callback', '--filter', 'QUEUE_URL=1']],
  [['invoke', 'local', '-f', 'callback', '--env', 'ALERT_URLS=console:', '--env', 'STORE_URL=']],
])('what is no secret is taken: %j', (args) => {
  expect(commandLineProblem(args)).toBeNull()
})
