'use strict'
require('./scripts/node-version.cjs')
// serverless loads plugins as CommonJS: this compiles src/deploy/ in memory, so that `npm ci` is all a deploy needs.
const { join } = require('node:path')
const { buildSync } = require('esbuild')

const { outputFiles } = buildSync({
  entryPoints: [join(__dirname, 'src', 'deploy', 'plugin.ts')],
  write: false,
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  sourcemap: 'inline',
  logLevel: 'warning',
})
module._compile(outputFiles[0].text, __filename)
module.exports = module.exports.RelayDeploy
