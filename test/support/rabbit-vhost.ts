import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'

const HOME = resolve(__dirname, '..', '..', '.services', 'rabbitmq')

/** A virtual host of one test file's own, on the broker of `npm run services`: nothing that it holds has been seen before. */
export function createVhost(name: string): { readonly name: string; remove(): void } {
  control(
    `rabbit_vhost:add(<<"${name}">>, <<"test">>), ` +
      `rabbit_auth_backend_internal:set_permissions(<<"guest">>, <<"${name}">>, <<".*">>, <<".*">>, <<".*">>, <<"test">>).`,
  )
  return { name, remove: () => control(`rabbit_vhost:delete(<<"${name}">>, <<"test">>).`) }
}

/** Has the broker say that it is out of memory, or no longer: while it is, it reads nothing from whoever publishes. Of all its virtual hosts. */
export function setMemoryAlarm(on: boolean): void {
  control(
    `vm_memory_monitor:set_vm_memory_high_watermark(${on ? '0.000001' : '0.4'}), vm_memory_monitor ! update.`,
  )
}

/** Has the broker evaluate an Erlang expression. */
function control(expression: string): void {
  execFileSync(
    '/usr/lib/rabbitmq/bin/rabbitmqctl',
    ['-q', '-n', 'cos-callback-relay@localhost', 'eval', expression],
    {
      stdio: 'pipe',
      env: {
        PATH: process.env['PATH'],
        HOME,
        ERL_EPMD_ADDRESS: '127.0.0.1',
        ERL_EPMD_PORT: '4390',
        RABBITMQ_CONF_ENV_FILE: resolve(HOME, 'rabbitmq-env.conf'),
      },
    },
  )
}
