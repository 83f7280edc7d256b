import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Contribution, FACT_PARTS, join, noContribution } from '../../src/shared/contribution.ts';
import { Exchange } from '../../src/shared/exchange.ts';
import { type Facts, merged, mergeInto } from '../../src/shared/mergeable-facts.ts';
import { RedisConnection } from '../../src/shared/redis-connection.ts';
import { RedisKeys } from '../../src/shared/redis-keys.ts';
import { endRedisServers, type RedisServer, startRedis } from './redis-servers.ts';

const RUNS = Number(process.env.ATENDER_TEST_RUNS ?? 150);
const NOW = 1_800_000_000;

const number = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ min: 0, max: 2e9, noNaN: true }));
/** Few different numbers, so that ties are met; any bytes behind them. */
const value = fc
  .tuple(
    number,
    fc.option(
      fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      { nil: undefined },
    ),
  )
  .map(([n, rest]) => (rest === undefined ? String(n) : `${n}|${rest}`));
const name = fc
  .tuple(fc.constantFrom('>', '<'), fc.constantFrom('used', 'scope:a:read', 'total@a', 'total@b'))
  .map(([rule, text]) => rule + text);
const facts: fc.Arbitrary<Facts> = fc
  .array(fc.tuple(name, value), { maxLength: 6 })
  .map((entries) => entries.reduce((all, entry) => merged(all, new Map([entry])), new Map() as Facts));
const merging = (entries: [string, string][]): Facts =>
  entries.reduce((all, entry) => merged(all, new Map([entry])), new Map() as Facts);
/** Of instances that are there: what one has left that was silent for long is removed. */
const byInstance = fc
  .array(fc.tuple(fc.constantFrom('>a', '>b'), fc.tuple(fc.integer({ min: NOW - 5, max: NOW }), fc.nat(3))), {
    maxLength: 4,
  })
  .map((entries) => merging(entries.map(([name, [second, rest]]) => [name, `${second}|${rest}`])));
const days = fc
  .array(fc.tuple(fc.constantFrom('>2027-01-14@a', '>2027-01-14@b', '>2026-12-01@a'), value), {
    maxLength: 4,
  })
  .map(merging);
const seen = fc
  .tuple(fc.integer({ min: NOW - 1_000, max: NOW }), fc.integer({ min: 0, max: 500 }))
  .map(([first, more]) => ({ first, last: first + more }));
const ip = fc.constantFrom('\xc0\x00\x02\x01', '\xc0\x00\x02\x02', '\xff\x00\x0a\x7c').map((bytes) => bytes);
const contribution: fc.Arbitrary<Contribution> = fc
  .record({
    name: fc.constantFrom('t/a', 't/b', '/c'),
    facts,
    windows: byInstance,
    sketches: byInstance,
    days,
    ips: fc.array(fc.tuple(ip, seen), { maxLength: 3 }).map((entries) => new Map(entries)),
  })
  .map((made) => made);

let server: RedisServer;
let connection: RedisConnection;
beforeAll(async () => {
  server = await startRedis();
  connection = new RedisConnection({
    urls: [server.url],
    mode: 'standalone',
    username: '',
    password: '',
    database: 0,
    ca: '',
    cert: '',
    key: '',
    timeout: 5,
  });
  for (let i = 0; i < 250 && !connection.ready; i++) await new Promise((resolve) => setTimeout(resolve, 20));
});
afterAll(() => {
  connection.close();
  endRedisServers();
});

test('merging facts is commutative, associative and idempotent', () => {
  fc.assert(
    fc.property(facts, facts, facts, (a, b, c) => {
      expect(merged(a, b)).toEqual(merged(b, a));
      expect(merged(merged(a, b), c)).toEqual(merged(a, merged(b, c)));
      expect(merged(a, a)).toEqual(a);
      expect(mergeInto(merged(a, b), b)).toBe(false);
    }),
    { numRuns: RUNS * 10 },
  );
});

test('joining contributions is commutative, associative and idempotent', () => {
  const joined = (a: Contribution, b: Contribution): Contribution => {
    const both = structuredClone(a);
    join(both, b);
    return both;
  };
  const same = contribution.map((made) => ({ ...made, name: 't/a' }));
  fc.assert(
    fc.property(same, same, same, (a, b, c) => {
      expect(joined(a, b)).toEqual(joined(b, a));
      expect(joined(joined(a, b), c)).toEqual(joined(a, joined(b, c)));
      expect(joined(a, a)).toEqual(a);
    }),
    { numRuns: RUNS * 5 },
  );
});

/** What may happen to contributions on their way: published again, Redis emptied, a key of it lost. */
type Step = { kind: 'publish'; which: number } | { kind: 'flush' } | { kind: 'lose'; which: number };
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('publish' as const), which: fc.nat(50) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), which: fc.nat(50) }) },
  ),
  { maxLength: 12 },
);

test('whatever the order, the repeats and the losses: when all is published once more, Redis has what the model has', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(contribution, { minLength: 1, maxLength: 6 }),
      steps,
      fc.infiniteStream(fc.nat(1_000)),
      async (contributions, happening, random) => {
        await server.client.flushall();
        const redisKeys = new RedisKeys('p:');
        const exchange = new Exchange(connection, redisKeys, 100);
        const publish = async (all: Contribution[]) => {
          const { error } = await exchange.publish(all, NOW);
          if (error) throw error;
        };
        for (const step of happening) {
          if (step.kind === 'publish') await publish([contributions[step.which % contributions.length]]);
          else if (step.kind === 'flush') await server.client.flushall();
          else {
            const keys = (await server.client.keys('*')).sort();
            if (keys.length > 0) await server.client.del(keys[step.which % keys.length]);
          }
        }
        const again = contributions
          .map((made) => ({ made, at: random.next().value }))
          .sort((a, b) => a.at - b.at)
          .map(({ made }) => made);
        await publish(again);

        const model = new Map<string, Contribution>();
        for (const made of contributions) {
          const known = model.get(made.name) ?? noContribution(made.name);
          join(known, made);
          model.set(made.name, known);
        }
        for (const [key, expected] of model) {
          for (const part of FACT_PARTS) {
            const flat = (await connection.command('HGETALL', redisKeys.part(key, part))) as string[];
            const stored: Facts = new Map();
            for (let i = 0; i < flat.length; i += 2) stored.set(flat[i], flat[i + 1]);
            expect(stored).toEqual(expected[part]);
          }
          for (const [address, { first, last }] of expected.ips) {
            const bytes = Buffer.from(address, 'latin1');
            const score = async (of: 'ips' | 'firsts') =>
              Number(await connection.command('ZSCORE', redisKeys.part(key, of), bytes));
            expect([await score('firsts'), await score('ips')]).toEqual([first, last]);
          }
        }
      },
    ),
    { numRuns: RUNS },
  );
});
