/** All that the team is told about the outbox: a file of its own in dist/, loaded by the sweeps that find a reason. */
export { tellOfDead } from './dead'
export { tellOfOutages } from './tell-of-outages'
export { tellOfWaiting } from './tell-of-waiting'
