// The layout's import rules (README, "Layout"). Types count: a type import is a dependency too, except where a rule says otherwise.
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

module.exports = {
  forbidden: [
    rule('no-cycles', 'One direction of data.', {}, { circular: true }),
    rule(
      'callback-is-pure',
      'The domain imports nothing of the project but itself.',
      { path: '^src/callback/' },
      {
        path: '^src/',
        // A pure function.
        pathNot: '^src/(callback/|delivery/sha256\\.ts$)',
      },
    ),
    rule(
      'callback-does-no-io',
      'The domain does no I/O.',
      { path: '^src/callback/' },
      {
        dependencyTypes: ['core'],
        pathNot: '^(node:)?buffer$',
      },
    ),
    rule(
      'relay-knows-interfaces',
      'The pipeline knows interfaces, never drivers.',
      { path: '^src/relay/' },
      {
        path: '^src/(queues|alerts|stores|local|deploy|gateway|app|index|config|tencent)',
        pathNot:
          '^src/(gateway/request|queues/queue|alerts/(alert|alert-channel)|stores/(store|timed-store))\\.ts$',
      },
    ),
    rule(
      'drivers-know-no-relay',
      'Drivers know neither the pipeline nor what puts parts together.',
      { path: '^src/(queues|alerts|stores)/' },
      {
        path: '^src/(relay|sweep|gateway|local|deploy|app|index|config)',
      },
    ),
    rule(
      'drivers-know-not-each-other',
      'Drivers share src/delivery and src/tencent, not one another; what one is made of stands in a folder of its name.',
      { path: '^src/(queues|alerts|stores)/([a-z]+)', pathNot: '/open-[a-z-]+\\.ts$' },
      {
        path: '^src/(queues|alerts|stores)/',
        // What the alert channels share: fitting, layout, what a robot is, reading URLs and answers.
        pathNot:
          '^src/($1/$2/|(queues/queue|alerts/(alert|alert-channel|fit|lines|channel-url|conditions|refusal|robot|robot-markdown)|stores/(store|item-text|item-form|unreadable))\\.ts$)',
      },
    ),
    rule(
      'a-driver-is-one-thing',
      'What a driver is made of is its own.',
      { path: '^src/', pathNot: '^src/(queues|alerts|stores)/' },
      { path: '^src/(queues|alerts|stores)/[a-z]+/' },
    ),
    rule(
      'errors-are-made-of-peers',
      'What a peer says must lose its secrets on the way into an error: drivers make theirs by delivery/peer.',
      { path: '^src/(queues|alerts|stores|tencent)/' },
      {
        path: '^src/delivery/peer-error\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    ),
    rule(
      'openers-only-in-app',
      'Only app.ts and the tools choose drivers.',
      { path: '^src/', pathNot: '^src/(app\\.ts|local/|deploy/)' },
      {
        path: '^src/(queues|alerts|stores)/open-[a-z-]+\\.ts$',
      },
    ),
    rule(
      'nothing-local-in-the-bundle',
      'local/ and deploy/ never reach the function.',
      { path: '^src/', pathNot: '^src/(local|deploy)/' },
      {
        path: '^src/(local|deploy)/',
      },
    ),
    rule(
      'no-orphan-packages',
      'Runtime code imports runtime dependencies only.',
      { path: '^src/', pathNot: '^src/(local|deploy)/' },
      {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
      },
    ),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
}
