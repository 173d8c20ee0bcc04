export default {
  testEnvironment: 'node',
  // Ample: what is slow is the disk of a busy machine, and a test that hangs still fails.
  testTimeout: 30_000,
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  setupFilesAfterEnv: ['<rootDir>/test/support/validate-messages.ts'],
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  // Jest leaves one core to itself, which of two is half.
  maxWorkers: 2,
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // jest.reliability.config.mjs runs these.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/reliability/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  collectCoverageFrom: [
    'src/callback/**/*.ts',
    'src/outbox/**/*.ts',
    'src/relay/**/*.ts',
    'src/sweep/**/*.ts',
  ],
  coverageDirectory: 'coverage',
  coverageReporters: ['text-summary', 'json-summary'],
  coverageThreshold: {
    './src/callback/': { branches: 95 },
    './src/outbox/': { branches: 95 },
    './src/relay/': { branches: 95 },
    './src/sweep/': { branches: 95 },
  },
}
