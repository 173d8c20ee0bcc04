// Preloaded into a process: says on standard error, at SIGUSR2, how many timers live, those that the process does not wait for included.
const { createHook } = require('node:async_hooks')
const { writeSync } = require('node:fs')

const timers = new Set()
createHook({
  init: (id, type) => type === 'Timeout' && timers.add(id),
  destroy: (id) => timers.delete(id),
}).enable()
process.on('SIGUSR2', () => writeSync(2, `timers: ${timers.size}\n`))
