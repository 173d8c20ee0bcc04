/** The token of `npm start` when none is set, and the one in the paths of events/. It is public: it guards nothing. */
export const LOCAL_TOKEN = 'local'
