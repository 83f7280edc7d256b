// Tests run in UTC.
process.env.TZ = 'UTC';

/** Dependencies of @grafana/ui that exist as ES modules only. */
const MODULES = [
  ...[
    '@grafana',
    '@wojtekmaj',
    'd3',
    'd3-.*',
    'delaunator',
    'internmap',
    'robust-predicates',
    'get-user-locale',
  ],
  ...[
    'marked',
    'memoize',
    'mimic-function',
    'ol',
    'react-calendar',
    'react-colorful',
    'rxjs',
    'uuid',
    'uwrap',
  ],
  ...['@react-hookz', '@ver0', 'geotiff', 'quick-lru', 'rbush', 'quickselect', 'pbf', 'earcut', 'color-.*'],
];

export default {
  testEnvironment: 'jest-environment-jsdom',
  // Upper bound for a busy machine. A test takes well under a second.
  testTimeout: 30_000,
  roots: ['<rootDir>/src', '<rootDir>/test/unit'],
  testMatch: ['**/*.test.{ts,tsx}'],
  setupFiles: ['<rootDir>/test/unit/browser-features.ts'],
  setupFilesAfterEnv: ['<rootDir>/test/unit/matchers.ts'],
  moduleNameMapper: { '\\.css$': '<rootDir>/test/unit/nothing.ts' },
  transform: {
    '^.+\\.m?[tj]sx?$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', tsx: true },
          target: 'es2022',
          transform: { react: { runtime: 'classic' } },
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  transformIgnorePatterns: [`node_modules/(?!(${MODULES.join('|')})/)`],
};
