'use strict'
// Loaded before anything else: ends the process with one sentence when this Node.js is too old for the rest of the project. It is written
// so that any Node.js can read it. What is needed stands in package.json.
var needed = require('../../package.json').engines.node
var parts = /^>=(\d+)\.(\d+)(?:\.(\d+))?$/.exec(needed)
if (parts === null) throw new Error('engines.node of package.json must read like >=20.19, not ' + needed)
var actual = process.versions.node.split('.')

function isTooOld() {
  for (var index = 0; index < 3; index += 1) {
    var difference = Number(actual[index]) - Number(parts[index + 1] || 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

if (isTooOld()) {
  process.stderr.write(
    'cos-callback-relay needs Node.js ' +
      needed.slice(2) +
      ' or newer; this is ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ').\n',
  )
  process.exit(1)
}
