import type { UsageOptions } from '../src/usage/options.ts';

/** What benches account with: limits that none of their logs reaches. */
export const USAGE_OPTIONS: UsageOptions = {
  limits: {
    keys: 10_000,
    endpointsPerKey: 500,
    series: 500_000,
    ipsPerKey: 10_000,
    ips: 2_000_000,
    sketches: 100,
  },
  zeroHoldSeconds: 35,
  parkAfterSeconds: 86_400,
  maxSkewSeconds: 300,
  learningSeconds: 86_400,
  ipv6Prefix: 64,
  newIp: 'masked',
};

/** A keys file with nothing in it. */
export const NO_KEYS = {
  identify: (id: string, tenant: string) => ({ id, tenant, entry: undefined }),
  labelled: () => undefined,
  entries: () => [],
};
