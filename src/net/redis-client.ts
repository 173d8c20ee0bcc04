// On its own so that a Redis queue and a Redis store load one copy of the client, in a file of its own (tools/build/build.mjs).
export { AbstractConnector, default as Redis, ReplyError } from 'iovalkey'
