import { LOCAL_TOKEN } from './sample-token'

export const START_HELP = `Usage: npm start -- [options]

Serves the built function on this machine: real HTTP requests become the gateway events that the
cloud would send, and the answers go back.

  --samples   send every event of events/, print a table, and stop;
              exit code 0 when all were answered as expected, else 1
  --watch     build and load the function again whenever a file under src/ changes
  --sweep N   run the sweep every N seconds, as the cloud's timer does every five minutes:
              redeliver what waits, reconcile, tell of outages; for a server without SCF
  --json      leave the function's log as it is, one JSON line a callback, on standard output;
              everything else goes to standard error
  --help      show this

Environment (README, "Configuration", has the rest):

  PORT            9000; 0 takes any free port
  HOST            127.0.0.1
  CALLBACK_TOKEN  ${LOCAL_TOKEN}
  QUEUE_URL       file:.relay/queue.jsonl
  ALERT_URLS      console:
  STORE_URL       file:.relay/store
`
