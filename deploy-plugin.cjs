'use strict'
// serverless loads plugins as CommonJS: this compiles src/deploy/ on the spot, so that `npm ci` is all a deploy needs.
const { join } = require('node:path')
const { buildSync } = require('esbuild')

const outfile = join(__dirname, '.build', 'deploy.js')
buildSync({
  entryPoints: [join(__dirname, 'src', 'deploy', 'plugin.ts')],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  logLevel: 'warning',
})
module.exports = require(outfile).RelayDeploy
