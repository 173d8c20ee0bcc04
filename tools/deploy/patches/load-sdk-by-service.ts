import { createRequire, Module } from 'node:module'
import { join } from 'node:path'

/**
 * Makes the SDK's index load a service when it is asked for. As it is, it loads all of its 200, which is half of the time that a
 * command takes to start; serverless-tencent-scf uses four. To be called before that plugin is loaded.
 */
export function loadSdkByService(serviceDir: string): void {
  const load = createRequire(
    createRequire(join(serviceDir, 'package.json')).resolve('serverless-tencent-scf/package.json'),
  )
  const folder = 'tencentcloud-sdk-nodejs/tencentcloud'
  const index = load.resolve(folder)
  const services = new Proxy({}, { get: (_, name) => load(`${folder}/${String(name)}`) as unknown })
  load.cache[index] = Object.assign(new Module(index), { exports: services, loaded: true })
}
