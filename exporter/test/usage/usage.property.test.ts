import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FAMILIES } from '../../src/usage/changes.ts';
import type { KeyFacts } from '../../src/usage/key-facts.ts';
import { KeyIpTable } from '../../src/usage/key-ip-table.ts';
import { type Line, NaiveUsage, sparse } from './naive-usage.ts';
import { UsageInTest } from './usage-in-test.ts';

const RUNS = Number(process.env.ATENDER_TEST_RUNS ?? 150);
const LEARNING = 3_600;

/** Seconds between the clock and a line's event. */
const offset = fc.oneof(
  fc.integer({ min: -70, max: 0 }),
  fc.integer({ min: -400, max: 310 }),
  fc.constantFrom(-3_600, -7_200, -86_400, -40 * 86_400, 300, 301, 50 * 86_400),
);
const line = fc.record({
  kind: fc.constant('line' as const),
  offset,
  key: fc.constantFrom('', 'a', 'b', 'c'),
  template: fc.constantFrom('/v1/x', '/v1/y', '/v1/z'),
  listed: fc.boolean(),
  status: fc.constantFrom(0, 200, 201, 301, 401, 403, 404, 422, 429, 500),
  ip: fc.constantFrom(undefined, '192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8:0:1::'),
});
const step = fc.oneof(
  { weight: 12, arbitrary: line },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      seconds: fc.oneof(
        fc.integer({ min: 1, max: 400 }),
        fc.constantFrom(0.5, 300, 3_600, 43_200, 86_400, 10 * 86_400),
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('commit' as const), lag: fc.constantFrom(0, 1, 50) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'failed commit' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
);

test('counters and facts are those of a naive model, through failed commits and crashes at any moment', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world = new UsageInTest({ learningSeconds: LEARNING });
      const model = new NaiveUsage(LEARNING);
      const shown = new Map<string, KeyFacts>();
      let committed = 0;
      for (const next of [...steps, { kind: 'commit' as const, lag: 0 }]) {
        if (next.kind === 'line') accountBoth(world, model, next);
        else if (next.kind === 'wait') world.now += next.seconds;
        else if (next.kind === 'failed commit') world.failCommit();
        else if (next.kind === 'crash') {
          world.restart();
          model.lines.length = committed;
          shown.clear();
          for (const facts of world.usage.facts(world.now, 0, true)) shown.set(facts.id, facts);
        } else {
          world.commit();
          committed = model.lines.length;
          for (const facts of world.usage.facts(world.now, next.lag, false)) shown.set(facts.id, facts);
          compare(world, model, shown, next.lag);
        }
      }
    }),
    { numRuns: RUNS },
  );
});

/**
 * When an address was last seen is stored to some minutes, so after a crash it is exact only for times on the
 * boundaries of that: other lines go without address here.
 */
function accountBoth(
  world: UsageInTest,
  model: NaiveUsage,
  { kind, offset, ip, ...request }: LineStep,
): void {
  const at = Math.floor(world.now) + offset;
  const line: Line = { ...request, at, now: world.now };
  const seen = offset > 300 ? world.now : at;
  if (ip !== undefined && seen % 300 === 0) line.ip = ip;
  model.lines.push(line);
  world.account(line);
}
type LineStep = (typeof line extends fc.Arbitrary<infer T> ? T : never) & { kind: 'line' };

function compare(world: UsageInTest, model: NaiveUsage, shown: Map<string, KeyFacts>, lag: number): void {
  const { requests, endpoints } = model.counters();
  expect(world.counters(FAMILIES.requests)).toEqual(requests);
  expect(world.counters(FAMILIES.endpoint)).toEqual(endpoints);
  const newIps = world.counters(FAMILIES.newIps);
  expect([...shown.keys()].sort()).toEqual(
    ['a', 'b', 'c'].filter((key) => model.lines.some((l) => l.key === key && l.status !== 401)),
  );
  for (const [key, facts] of shown) {
    const expected = model.facts(key, world.now, lag);
    const actual = { ...facts, newIps: newIps[key] ?? 0, minutes: sparse(facts.minutes) };
    expect({ key, ...pick(actual, Object.keys(expected)) }).toEqual({ key, ...expected });
  }
}

const pick = (from: object, names: string[]): object =>
  Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));

test('pairs are found until their key is forgotten, whatever the collisions', () => {
  const operation = fc.record({
    key: fc.integer({ min: 0, max: 4 }),
    ip: fc.integer({ min: 0, max: 400 }),
    forget: fc.nat(60).map((n) => n === 0),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 3_000, size: 'max' }), (operations) => {
      const table = new KeyIpTable();
      const heads = [0, 0, 0, 0, 0];
      const model = new Map<string, number>();
      for (const [second, { key, ip, forget }] of operations.entries()) {
        if (forget) {
          table.removeAll(heads[key]);
          heads[key] = 0;
          for (const name of [...model.keys()]) if (name.startsWith(`${key} `)) model.delete(name);
          continue;
        }
        const pair = table.find(key, 0, 0, 0xffff, ip);
        expect(pair >= 0 ? table.last(pair) : undefined).toBe(model.get(`${key} ${ip}`));
        if (pair < 0) heads[key] = table.insert(key, 0, 0, 0xffff, ip, second, second, heads[key]);
        else table.move(pair, second);
        model.set(`${key} ${ip}`, second);
        expect(table.size).toBe(model.size);
      }
    }),
    { numRuns: 30 },
  );
});
