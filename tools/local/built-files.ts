import { join, resolve } from 'node:path'

/** The local tools run from .build/, beside dist/ and events/. */
const root = resolve(__dirname, '..')

export const BUILT = {
  root,
  host: join(__dirname, 'handler-host.js'),
  bundle: join(root, 'dist', 'index.js'),
  events: join(root, 'events'),
  sources: join(root, 'src'),
  buildScript: join(root, 'tools', 'build', 'build.mjs'),
} as const
