const { readFileSync } = require('node:fs')

/** The most memory that this process has held, in MB. Not getrusage's word: a child's begins there with what its parent held when it was forked. */
exports.peakRssMb = () =>
  process.platform === 'linux'
    ? Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024
    : process.resourceUsage().maxRSS / 1024
