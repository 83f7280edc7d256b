/** Native ES modules: the tests import the sources as Node does, swc only strips the types. */
export default {
  testEnvironment: 'node',
  // Half of the tests wait for real servers; jest's own choice would be one worker on two cores.
  maxWorkers: 2,
  globalSetup: '<rootDir>/scripts/jest-servers.mjs',
  roots: [
    '<rootDir>/exporter/test',
    '<rootDir>/alerting/test',
    '<rootDir>/dashboards/test',
    '<rootDir>/deploy/test',
  ],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'es6' } },
    ],
  },
  // `npm run test:long` asks for as many runs as take minutes.
  testTimeout: process.env.ATENDER_TEST_RUNS ? 3_600_000 : 60_000,
};
