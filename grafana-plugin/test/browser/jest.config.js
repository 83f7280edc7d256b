const sources = {
  '^.+\\.[tj]sx?$': [
    '@swc/jest',
    { jsc: { parser: { syntax: 'typescript', tsx: true }, target: 'es2023' }, module: { type: 'es6' } },
  ],
};

/** Native ES modules, as in the tests of the exporter, whose helpers start processes. */
export default {
  rootDir: '../..',
  roots: ['<rootDir>/test/browser'],
  modulePathIgnorePatterns: ['grafana-12.4'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: sources,
  // One of the two test files mostly waits for rules of Prometheus.
  maxWorkers: 2,
  testTimeout: 120_000,
};
