'use strict'
// node --require: every connection that leaves this machine ends at the fake cloud, and its host is written down.
const { appendFileSync } = require('node:fs')
const net = require('node:net')

const { FAKE_CLOUD_PORT, FAKE_CLOUD_HOSTS, FAKE_CLOUD_OFFLINE } = process.env
const connect = net.Socket.prototype.connect

net.Socket.prototype.connect = function (...args) {
  // net.connect hands over [[options, callback]], tls.connect (options, callback)
  const list = Array.isArray(args[0]) ? args[0] : args
  const options = list[0]
  const host = options && typeof options === 'object' ? options.host : undefined
  if (host && !['127.0.0.1', '::1', 'localhost'].includes(host)) {
    if (FAKE_CLOUD_HOSTS) appendFileSync(FAKE_CLOUD_HOSTS, `${host}:${options.port}\n`)
    list[0] = FAKE_CLOUD_OFFLINE
      ? {
          ...options,
          lookup: (name, _options, done) =>
            done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' })),
        }
      : {
          ...options,
          servername: options.servername || host,
          host: '127.0.0.1',
          port: Number(FAKE_CLOUD_PORT),
          lookup: undefined,
        }
  }
  return connect.apply(this, args)
}

// The fake changes by being asked, not by time: nothing is missed when a pause between two looks is a short one.
const later = globalThis.setTimeout
const sooner = (done, ms, ...rest) => later(done, ms > 100 && ms <= 4000 ? ms / 20 : ms, ...rest)
globalThis.setTimeout = Object.defineProperties(sooner, Object.getOwnPropertyDescriptors(later))
