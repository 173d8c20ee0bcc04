'use strict'
require('./tools/cli/node-version.cjs')
// serverless loads plugins as CommonJS: this compiles tools/deploy/ in memory, so that `npm ci` is all a deploy needs.
const { join } = require('node:path')
const { buildSync } = require('esbuild')

const { outputFiles } = buildSync({
  entryPoints: [join(__dirname, 'tools', 'deploy', 'plugin.ts')],
  write: false,
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  sourcemap: 'inline',
  logLevel: 'warning',
})
const compiled = /** @type {any} */ (module)
compiled._compile(outputFiles[0].text, __filename)
compiled.exports = compiled.exports.RelayDeploy
