const sources = {
  '^.+\\.[tj]sx?$': [
    '@swc/jest',
    { jsc: { parser: { syntax: 'typescript', tsx: true }, target: 'es2023' }, module: { type: 'es6' } },
  ],
};

/** Native ES modules, as the exporter's own tests are, which start its processes. */
export default {
  rootDir: '../..',
  roots: ['<rootDir>/test/browser'],
  modulePathIgnorePatterns: ['grafana-12.4'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: sources,
  // One of the two waits for rules of Prometheus most of its time.
  maxWorkers: 2,
  testTimeout: 120_000,
};
