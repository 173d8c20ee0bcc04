// Serves the built function to its parent over IPC. argv: the bundle, how many instances of it. Each instance is loaded anew, so that
// it shares nothing with the others: as far as the stores and queues can see, it is an instance in the cloud.
const [bundle, count] = process.argv.slice(2)

const instances = Array.from({ length: Number(count) }, () => {
  for (const path of Object.keys(require.cache)) delete require.cache[path]
  return require(bundle)
})

const fault = (error) => process.send({ fault: String(error?.stack ?? error) })
process.on('unhandledRejection', fault)
process.on('uncaughtException', fault)

process.on('message', async ({ call, instance, handler, event }) => {
  try {
    process.send({ call, answer: await instances[instance][handler](event, {}) })
  } catch (error) {
    fault(error)
  }
})
process.send({ ready: true })
