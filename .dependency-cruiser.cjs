// What may import what (docs/architecture.md): arrows go down this list only. A type import is a dependency, too.
//   index, app -> sweep -> relay -> outbox -> alerts, queues, stores -> files, drivers -> tencent -> net -> callback
// gateway and config stand beside relay; services.ts is the type of what app.ts puts together; log, deadlines, sha256 and version are anybody's.
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

/** What a folder of src/ may import of the others; a file right below src/ is a name, too. Itself, and what is anybody's, is not said. */
const MAY = {
  callback: [],
  net: ['callback'],
  tencent: ['callback', 'net'],
  drivers: ['net', 'tencent'],
  files: ['net', 'drivers'],
  config: ['callback', 'net'],
  gateway: ['callback'],
  queues: ['callback', 'net', 'tencent', 'drivers', 'files'],
  alerts: ['callback', 'net', 'tencent', 'drivers', 'files'],
  // An alert may wait in a store: the type of it.
  stores: ['callback', 'net', 'tencent', 'drivers', 'files', 'alerts'],
  routing: ['callback', 'alerts'],
  services: ['callback', 'net', 'alerts', 'queues', 'stores'],
  outbox: ['callback', 'net', 'alerts', 'queues', 'stores', 'services'],
  relay: ['callback', 'net', 'gateway', 'alerts', 'stores', 'routing', 'outbox', 'services'],
  sweep: ['callback', 'net', 'tencent', 'alerts', 'stores', 'outbox', 'relay', 'services'],
}
const ANYBODYS = ['log', 'deadlines', 'sha256', 'version']

module.exports = {
  forbidden: [
    rule('no-cycles', 'One direction of data.', {}, { circular: true }),
    rule(
      'src-ships',
      'What ships knows nothing of the tools.',
      { path: '^src/' },
      { path: '^(tools|test)/' },
    ),
    ...Object.entries(MAY).map(([folder, others]) =>
      rule(
        `${folder}-may-import`,
        `src/${folder} imports these alone: ${others.join(', ') || 'nothing of the project'}.`,
        { path: `^src/${folder}(/|\\.ts$)` },
        { path: '^src/', pathNot: `^src/(${[folder, ...others, ...ANYBODYS].join('|')})(/|\\.ts$)` },
      ),
    ),
    rule(
      'callback-does-no-io',
      'The domain does no I/O.',
      { path: '^src/callback/' },
      { dependencyTypes: ['core'], pathNot: '^(node:)?buffer$' },
    ),
    rule(
      'callback-is-pure',
      'Of what is anybody’s the domain takes the hash alone.',
      { path: '^src/callback/' },
      { path: '^src/(log|deadlines|version)\\.ts$' },
    ),
    rule(
      'interfaces-not-drivers',
      'Who delivers knows the interfaces of queues, alerts and stores, and the wording; never a driver.',
      { path: '^src/(services\\.ts|outbox/|relay/|sweep/|routing/)' },
      {
        path: '^src/(queues|alerts|stores)/',
        pathNot:
          '^src/(queues/queue\\.ts|alerts/(alert|alert-channel|alert-text|alert-words)\\.ts|alerts/words/|stores/(store|line|pages|timed-store)\\.ts)',
      },
    ),
    rule(
      'drivers-know-not-each-other',
      'What a driver is made of stands in a folder of its name; all else that drivers share is in net, files and drivers.',
      {
        path: '^src/(queues|alerts|stores)/([a-z]+)',
        pathNot: '/(open-[a-z-]+|alert-text|alert-words)\\.ts$',
      },
      {
        path: '^src/(queues|alerts|stores)/',
        // What the channels share: fitting, layout, what a robot is, reading URLs and answers. What the stores share: items, and being a folder.
        pathNot:
          '^src/($1/$2/|(queues/(queue|each)|alerts/(alert|alert-channel|fit|lines|channel-url|conditions|refusal|robot|robot-markdown)|stores/(store|line|due|item-text|item-form|unreadable|pages|sliding-window|folder/[a-z-]+))\\.ts$)',
      },
    ),
    rule(
      'a-driver-is-one-thing',
      'What a driver is made of is its own.',
      { path: '^src/', pathNot: '^src/(queues|alerts|stores)/' },
      { path: '^src/(queues|alerts|stores)/[a-z]+/', pathNot: '^src/alerts/words/' },
    ),
    rule(
      'errors-are-made-of-peers',
      'What a peer says must lose its secrets on the way into an error: drivers make theirs by net/peer.',
      { path: '^src/(queues|alerts|stores|tencent)/' },
      { path: '^src/net/peer-error\\.ts$', dependencyTypesNot: ['type-only'] },
    ),
    rule(
      'openers-only-in-app',
      'Only app.ts and the tools choose drivers.',
      { path: '^src/', pathNot: '^src/app\\.ts' },
      { path: '^src/(queues|alerts|stores)/open-[a-z-]+\\.ts$' },
    ),
    rule(
      'no-orphan-packages',
      'Runtime code imports runtime dependencies only.',
      { path: '^src/' },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    ),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
}
