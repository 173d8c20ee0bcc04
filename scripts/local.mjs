// Where 0.1 had tools/cli/relay.mjs: service units and crontabs name it.
import '../tools/cli/relay.mjs'
