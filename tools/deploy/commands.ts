const PLACE = {
  bucket: { usage: 'The bucket, with its APPID', type: 'string' },
  workflow: { usage: 'Id of the workflow', type: 'string' },
  queue: { usage: 'Id of the queue', type: 'string' },
}
const SHOW_TOKEN = { 'show-token': { usage: 'Print the callback URL with its secret', type: 'boolean' } }

const DRY_RUN = { usage: 'Show the change and leave it at that', type: 'boolean' }
const YES = { usage: 'Do it without asking', type: 'boolean' }

/** What this plugin adds to the command line: options of serverless's own commands, and `serverless callback`. */
export const COMMANDS = {
  deploy: { options: SHOW_TOKEN },
  info: { options: SHOW_TOKEN },
  callback: {
    usage: 'Connect COS to the deployed function, and check the connection',
    type: 'container',
    commands: {
      connect: {
        usage: 'Point a workflow or a queue of COS at the deployed URL',
        lifecycleEvents: ['connect'],
        options: {
          ...PLACE,
          event: {
            usage: 'What CI reports (without it, what is missing is added to what is set)',
            type: 'string',
          },
          format: { usage: 'XML or JSON (default: as it is set, else XML)', type: 'string' },
          'dry-run': DRY_RUN,
        },
      },
      enable: {
        usage: 'Enable a workflow of COS that connect could not put back',
        lifecycleEvents: ['enable'],
        options: { bucket: PLACE.bucket, workflow: PLACE.workflow },
      },
      test: {
        usage: 'Send a sample callback through the deployed URL',
        lifecycleEvents: ['test'],
        options: {
          failed: { usage: 'A failed execution instead of a successful one', type: 'boolean' },
          bucket: {
            usage: 'The bucket of the sample (while VERIFY is read-back: CI is asked about it)',
            type: 'string',
          },
          path: { usage: 'The body of this event instead of a made-up one', type: 'string' },
        },
      },
      doctor: {
        usage: 'Check token, URL, targets, store, role and connection, with a remedy for each',
        lifecycleEvents: ['doctor'],
        options: PLACE,
      },
      role: {
        usage: 'Make the role that these settings need, with the least policy',
        lifecycleEvents: ['role'],
        options: {
          bucket: { usage: 'Buckets whose executions are read, separated by commas', type: 'string' },
          'dry-run': DRY_RUN,
        },
      },
      rotate: {
        usage: 'Change the secret in the callback URL; run again to go on, with --finish to end it',
        lifecycleEvents: ['rotate'],
        options: {
          bucket: { usage: 'Buckets whose workflows and queues call, separated by commas', type: 'string' },
          finish: { usage: 'Take the old token away, once nobody comes by it', type: 'boolean' },
          yes: YES,
        },
      },
      rerun: {
        usage: 'Start executions anew: rerun RUN_ID, or --failed --since 2h',
        lifecycleEvents: ['rerun'],
        options: {
          run: { usage: 'RunId of the execution (also as `rerun RUN_ID`)', type: 'string' },
          failed: { usage: 'All that failed', type: 'boolean' },
          since: { usage: 'With --failed: for how long, such as 30m, 2h, 1d (default: 2h)', type: 'string' },
          bucket: PLACE.bucket,
          workflow: PLACE.workflow,
          'dry-run': DRY_RUN,
          yes: YES,
        },
      },
    },
  },
}
