// A network on which all that a server says arrives later. argv: the server's port, and the ms. Tells its own port.
const { connect, createServer } = require('node:net')
const [port, delayMs] = process.argv.slice(2).map(Number)

createServer({ noDelay: true }, (client) => {
  const server = connect({ host: '127.0.0.1', port, noDelay: true })
  const end = () => [client, server].forEach((socket) => socket.destroy())
  for (const socket of [client, server]) socket.on('error', end).on('close', end)
  client.pipe(server)
  server.on('data', (chunk) => setTimeout(() => client.destroyed || client.write(chunk), delayMs))
}).listen(0, '127.0.0.1', function () {
  process.send({ port: this.address().port })
})
