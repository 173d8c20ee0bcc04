import base from './jest.config.mjs'

/** The figures of docs/guarantees.md, "Measured": npm run test:reliability. Apart from npm test, for it takes minutes. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/reliability/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 240_000,
  collectCoverageFrom: [],
  coverageThreshold: {},
}
