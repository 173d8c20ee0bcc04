/** A variable that a user sets: in the environment, in `.env` or, what is no secret, by `--param`. */
export interface Setting {
  /** Of the environment. */
  readonly name: string
  /** As `--param NAME=value` calls it; null: a command line is no place for it. */
  readonly param: string | null
  /** Who reads it: both functions, the callback's alone, a deploy, whoever deploys as his key, or a tool on this machine. */
  readonly readBy: 'functions' | 'callback' | 'deploy' | 'key' | 'local'
  /** The value where none is set; empty: none. */
  readonly usual: string
  readonly meaning: string
}

/** Of the functions, by `--param` under its own name. */
const own = (name: string, usual: string, meaning: string): Setting => ({
  name,
  param: name,
  readBy: 'functions',
  usual,
  meaning,
})
/** No command line is a place for it. */
const apart = (name: string, readBy: Setting['readBy'], usual: string, meaning: string): Setting => ({
  name,
  param: null,
  readBy,
  usual,
  meaning,
})
const ofDeploy = (name: string, param: string, usual: string, meaning: string): Setting => ({
  name,
  param,
  readBy: 'deploy',
  usual,
  meaning,
})

/** Every setting there is. serverless.yml, the checks before a deploy, `.env.example` and the tables of docs/configuration.md and docs/deploy.md are made of it, or tested against it. */
export const SETTINGS: readonly Setting[] = [
  apart('CALLBACK_TOKEN', 'callback', '', 'the secret in the callback URL; `new,old` while it is rotated'),
  apart('QUEUE_URL', 'functions', '', 'where successes go'),
  apart('ALERT_URLS', 'functions', '', 'where failures go: any number, separated by blanks'),
  apart('STORE_URL', 'functions', '', 'ledger of what was relayed, and what waits for a target that is down'),
  own('COS_REGION', '', 'region of the buckets, where it is not that of the function'),
  own('VERIFY', 'off', '`read-back`: each execution is fetched from CI'),
  own('RECONCILE', '', '`<bucket>/<workflowId>` items, separated by commas'),
  own('GIVE_UP_AFTER', '72', 'hours until a delivery is given up'),
  own('LEDGER_KEEP', '168', 'hours for which a settled callback is known'),
  own('RUNNING_TOO_LONG', '', 'hours after which the team is told of an execution that still runs'),
  own('MESSAGE_RAW', '0', '`1`: messages carry the callback as parsed'),
  own('ALERT_LANG', 'en', '`en` or `zh`'),
  own('LOG_LEVEL', 'info', 'trace, debug, info, warn, error, fatal or silent'),

  apart('TENCENT_SECRET_ID', 'key', '', 'who deploys: the id of an API key'),
  apart('TENCENT_SECRET_KEY', 'key', '', 'its secret'),
  apart('TENCENT_TOKEN', 'key', '', 'third part of a temporary key'),
  ofDeploy(
    'TENCENT_CREDENTIALS_FILE',
    'credentials',
    '~/credentials',
    'INI file with the key, used where the two above are not set',
  ),

  ofDeploy('DEPLOY_STAGE', 'stage', 'dev', "part of the functions' names; also `--stage`"),
  ofDeploy('DEPLOY_REGION', 'region', 'ap-guangzhou', "best the bucket's own"),
  ofDeploy('DEPLOY_RUNTIME', 'runtime', 'Nodejs20.19', 'of functions that are made anew'),
  ofDeploy('DEPLOY_MEMORY', 'memory', '128', 'MB'),
  ofDeploy('DEPLOY_TIMEOUT', 'timeout', '10', 'seconds, of a callback'),
  ofDeploy('DEPLOY_SWEEP_TIMEOUT', 'sweepTimeout', '290', 'seconds, of a sweep'),
  ofDeploy(
    'DEPLOY_CONCURRENCY',
    'concurrency',
    '',
    'how many callbacks at once at most, which caps what a flood costs',
  ),
  ofDeploy(
    'DEPLOY_LOGS',
    'logs',
    'cls',
    '`off`: no topic in CLS for the log of functions that are made anew',
  ),
  ofDeploy('DEPLOY_ROLE', 'role', '', 'what the functions may do; `callback role` makes it'),
  ofDeploy('DEPLOY_ENABLE_ROLE_AUTH', 'enableRoleAuth', 'true', 'makes SCF_QcsRole where it is missing'),
  ofDeploy('DEPLOY_VPC_ID', 'vpcId', '', 'for targets with private addresses'),
  ofDeploy('DEPLOY_SUBNET_ID', 'subnetId', '', 'of that VPC'),
  ofDeploy('DEPLOY_TRIGGER', 'trigger', 'url', '`apigw`: API Gateway, which is being shut down'),
  ofDeploy('DEPLOY_SERVICE_ID', 'serviceId', '', "API Gateway's service"),

  apart('CI_ENDPOINT', 'local', '', 'stands in for CI in tests, on loopback'),
  apart('HOST', 'local', '127.0.0.1', 'address of npm start'),
  apart('PORT', 'local', '9000', 'port of npm start'),
]

/** By its name in the environment, or by that of `--param`; undefined: there is none. */
export function settingOf(name: string): Setting | undefined {
  return SETTINGS.find((one) => one.name === name || one.param === name)
}
