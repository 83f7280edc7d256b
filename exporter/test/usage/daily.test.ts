import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { scopeOf } from '../../src/keys/scopes.ts';
import { FAMILIES } from '../../src/usage/changes.ts';
import {
  DayFigures,
  durationQuantile,
  ENDPOINTS_A_DAY,
  OTHER_ENDPOINT,
} from '../../src/usage/day-figures.ts';
import type { Request } from './records.ts';
import { NOON, UsageInTest } from './usage-in-test.ts';

const RUNS = Number(process.env.ATENDER_TEST_RUNS ?? 150);
const DAY = 86_400;
const SKEW = 300;

const line = fc.record({
  kind: fc.constant('line' as const),
  offset: fc.oneof(
    fc.integer({ min: -400, max: 310 }),
    fc.constantFrom(-43_200, -DAY, -2 * DAY, -40 * DAY, 300, 301, 50 * DAY),
  ),
  key: fc.constantFrom('', 'a', 'b'),
  template: fc.constantFrom('/v1/contacts', '/v1/kb/articles', '/v1/tags'),
  method: fc.constantFrom('GET', 'POST'),
  status: fc.constantFrom(0, 200, 301, 401, 403, 404, 429, 500),
  ip: fc.constantFrom(undefined, '192.0.2.1', '192.0.2.2', '2001:db8::1'),
  seconds: fc.constantFrom(undefined, 0.004, 0.2, 60),
  bytes: fc.constantFrom(undefined, 0, 1_000),
});
const step = fc.oneof(
  { weight: 14, arbitrary: line },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      seconds: fc.constantFrom(1, 299, 3_600, 43_200, DAY, 3 * DAY),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'commit' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'failed commit' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
);

interface Line extends Request {
  at: number;
  now: number;
  status: number;
}

test('each key has each day what a naive count of its lines has, late lines, failed commits and crashes or not', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const entries = ['a', 'b'].map((id) => ({ id }));
      const world = new UsageInTest({ entries });
      const lines: Line[] = [];
      let committed = 0;
      for (const next of [...steps, { kind: 'commit' as const }]) {
        if (next.kind === 'line') {
          const { kind: _kind, offset, ...values } = next;
          const request = values as Request & { status: number };
          const now = world.now;
          lines.push({ ...request, at: Math.floor(now) + offset, now });
          world.account({ ...request, at: Math.floor(now) + offset, listed: true });
        } else if (next.kind === 'wait') world.now += next.seconds;
        else if (next.kind === 'failed commit') world.failCommit();
        else if (next.kind === 'crash') {
          world.restart();
          lines.length = committed;
        } else {
          world.commit();
          committed = lines.length;
          expect(daysOf(world)).toEqual(naiveDays(lines));
        }
      }
    }),
    { numRuns: RUNS },
  );
});

type Days = Record<string, Record<string, unknown>>;

function daysOf(world: UsageInTest): Days {
  const { keys, endpoints, days } = world.store.load();
  return Object.fromEntries(
    days.map(({ key, day, figures }) => [
      `${keys.find((row) => row.key === key)?.id} ${day}`,
      {
        requests: figures.requests,
        statuses: Object.fromEntries(figures.statuses),
        endpoints: Object.fromEntries(
          [...figures.endpoints].map(([endpoint, { requests, clientErrors, serverErrors }]) => [
            `${endpoints[endpoint].method} ${endpoints[endpoint].template}`,
            [requests, clientErrors, serverErrors],
          ]),
        ),
        scopes: Object.fromEntries(
          [...figures.scopes].map(([scope, { used, refused }]) => [scope, [used, refused]]),
        ),
        ips: figures.ips.count(),
        bytes: figures.bytes,
        durations: figures.durations.reduce((a, b) => a + b, 0),
        seconds: Math.round(figures.durationSum * 1000),
        first: figures.first,
        last: figures.last,
      },
    ]),
  );
}

function naiveDays(lines: Line[]): Days {
  const groups = new Map<string, Line[]>();
  for (const line of lines) {
    const seen = line.at <= line.now + SKEW ? line.at : line.now;
    const name = `${line.key || '__none__'} ${Math.floor(seen / DAY)}`;
    groups.set(name, [...(groups.get(name) ?? []), line]);
  }
  return Object.fromEntries(
    [...groups].map(([name, all]) => [name, naiveDay(all, name.startsWith('__none__'))]),
  );
}

function naiveDay(all: Line[], pseudo: boolean): Record<string, unknown> {
  const answered = pseudo ? [] : all.filter(({ status }) => status !== 401);
  const times = answered.map(({ at, now }) => (at <= now + SKEW ? at : now));
  const errors = (some: Line[], from: number) =>
    some.filter(({ status }) => status >= from && status < from + 100).length;
  return {
    requests: all.length,
    statuses: countBy(all, ({ status }) => `${status}`),
    endpoints: mapped(
      grouped(all, ({ method, template }) => `${method} ${template}`),
      (some) => [some.length, errors(some, 400), errors(some, 500)],
    ),
    scopes: mapped(
      grouped(
        all.filter(({ status }) => status !== 401 && status !== 404),
        ({ method, template }) => `${scopeOf(method ?? '', template ?? '')}`,
      ),
      (some) => [
        some.filter(({ status }) => status !== 403).length,
        some.filter(({ status }) => status === 403).length,
      ],
    ),
    ips: new Set(answered.flatMap(({ ip }) => ip ?? [])).size,
    bytes: answered.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
    durations: answered.filter(({ seconds }) => seconds !== undefined).length,
    seconds: Math.round(answered.reduce((sum, { seconds = 0 }) => sum + seconds * 1000, 0)),
    first: times.length > 0 ? Math.min(...times) : 0,
    last: times.length > 0 ? Math.max(...times) : 0,
  };
}

function grouped(lines: Line[], name: (line: Line) => string): Record<string, Line[]> {
  const groups: Record<string, Line[]> = {};
  for (const line of lines) {
    groups[name(line)] ??= [];
    groups[name(line)].push(line);
  }
  return groups;
}
const mapped = <T>(groups: Record<string, Line[]>, of: (some: Line[]) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(groups).map(([name, some]) => [name, of(some)]));
const countBy = (lines: Line[], name: (line: Line) => string): Record<string, number> =>
  mapped(grouped(lines, name), ({ length }) => length);

test('after a restart, a request that ran ahead of midnight is not taken for the last one of the day before', () => {
  const midnight = (Math.floor(NOON / DAY) + 1) * DAY;
  const world = new UsageInTest({ now: midnight - 60 });
  world.account({ key: 'a', at: midnight + 30 });
  world.commit();
  world.restart();
  world.account({ key: 'a', at: midnight - 50 });
  world.commit();
  const lasts = world.store
    .load()
    .days.map(({ day, figures }) => [day - midnight / DAY, figures.last - midnight]);
  expect(Object.fromEntries(lasts)).toEqual({ '-1': -50, 0: 30 });
});

test('whoever commits nothing gets no rows for a store, and counts all the same', () => {
  const world = new UsageInTest({ stored: false }).account(
    { key: 'a', ip: '192.0.2.1', seconds: 1, bytes: 9 },
    { key: 'a', at: NOON - 40 * DAY, ip: '192.0.2.2' },
  );
  const { days, keyUsage } = world.commit();
  expect([days, keyUsage]).toEqual([[], []]);
  expect(world.counters(FAMILIES.requests)).toEqual({ 'a 200': 2 });
});

test('the busiest minute of a day is kept, over minutes that have long passed and days that have turned', () => {
  const world = new UsageInTest();
  const midnight = Math.floor(NOON / DAY) * DAY;
  const burst = (at: number, requests: number) =>
    world.account(...Array.from({ length: requests }, () => ({ key: 'a', at })));
  burst(midnight - 30, 7);
  burst(midnight + 60, 5);
  burst(midnight - 40, 2);
  burst(midnight + 3 * 3_600, 3);
  world.commit();
  burst(NOON, 4);
  world.commit();
  const peaks = world.store
    .load()
    .days.map(({ day, figures }) => [day - midnight / DAY, figures.peakPerMinute]);
  expect(Object.fromEntries(peaks)).toEqual({ '-1': 9, 0: 5 });
});

test('addresses are counted exactly while few, then as an estimate within some percent, and merge either way', () => {
  const addresses = (from: number, to: number): DayFigures => {
    const figures = new DayFigures();
    for (let ip = from; ip < to; ip++) figures.ips.add(0, 0, 0xffff, Math.imul(ip, 0x9e3779b1));
    return figures;
  };
  const few = addresses(0, 100);
  expect([few.ips.count(), few.ips.approximate]).toEqual([100, false]);
  few.merge(addresses(50, 128));
  expect([few.ips.count(), few.ips.approximate]).toEqual([128, false]);
  const many = addresses(0, 20_000);
  few.merge(DayFigures.decode(many.encode()));
  many.merge(addresses(0, 128));
  expect(few.ips.approximate).toBe(true);
  expect(few.ips.count()).toBe(many.ips.count());
  expect(Math.abs(few.ips.count() / 20_000 - 1)).toBeLessThan(0.1);
});

test('endpoints beyond the bound make up one, so that their sum stays right', () => {
  const figures = new DayFigures();
  for (let endpoint = 0; endpoint < ENDPOINTS_A_DAY + 10; endpoint++)
    figures.count(endpoint, endpoint % 2 === 0 ? 200 : 404, endpoint + 1);
  const stored = DayFigures.decode(figures.encode());
  expect(stored.endpoints.size).toBe(ENDPOINTS_A_DAY + 1);
  expect(stored.endpoints.get(OTHER_ENDPOINT)).toEqual({ requests: 55, clientErrors: 30, serverErrors: 0 });
  expect([...stored.endpoints.values()].reduce((sum, { requests }) => sum + requests, 0)).toBe(
    figures.requests,
  );
});

test('a quantile lies within the bucket that holds it', () => {
  const durations = new Float64Array(13);
  durations[1] = 90;
  durations[6] = 10;
  expect(durationQuantile(durations, 0.5)).toBeCloseTo(0.005 + 0.005 * (50 / 90));
  expect(durationQuantile(durations, 0.95)).toBeCloseTo(0.375);
  expect(durationQuantile(new Float64Array(13), 0.5)).toBeNaN();
});
