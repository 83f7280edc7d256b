import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { noChanges } from '../../src/ingest/publication-parts.ts';
import { openStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { type Days, parseDays } from '../../src/time/days.ts';
import { DayFigures } from '../../src/usage/day-figures.ts';
import { QuarterFigures } from '../../src/usage/quarter-figures.ts';
import { temporaryDirectory } from '../exporter-process.ts';

const KEYS = [0, 1, 2];
const QUARTERS = ['2027Q4', '2028Q1', '2028Q2'].map((name) => parseDays(name, 0) as Days);
const FIRST = QUARTERS[0].from;

let directory: ReturnType<typeof temporaryDirectory>;
let store: Store;
beforeEach(() => {
  directory = temporaryDirectory();
  store = openStore(join(directory.path, 'usage.db'));
});
afterEach(() => {
  store.close();
  directory.remove();
});

/** A key's day that differs from every other. */
function figuresOf(key: number, day: number, seed: number): DayFigures {
  const figures = new DayFigures();
  figures.count(key, 200, 1 + (seed % 7));
  if (seed % 3 === 0) figures.count(key + 1, 429, 1 + (seed % 5));
  figures.addScope(`scope_${seed % 4}:read`, seed % 9, seed % 2);
  figures.durations[seed % 12] = 1;
  figures.bytes = seed;
  figures.peak(seed % 50);
  figures.untimed = seed % 2;
  figures.seen(day * 86_400 + (seed % 86_400));
  for (let ip = 0; ip < seed % 60; ip++) figures.ips.add(0, 0, 0xffff, Math.imul(seed + ip, 0x9e3779b1));
  return figures;
}

const commit = (rows: { key: number; day: number; figures: DayFigures }[]): void =>
  store.commit(
    { changes: { ...noChanges(), days: rows }, positions: { put: [], drop: [] }, counters: [] },
    true,
  );

/** What the days themselves say, merged one by one. */
function fromDays(key: number, days: Days): QuarterFigures | undefined {
  const rows = store.daily.figures(key, days);
  const merged = new QuarterFigures();
  for (const { day, figures } of rows) merged.add(day - days.from, figures);
  return rows.length === 0 ? undefined : merged;
}

function inQuarter(days: Days): Map<number, QuarterFigures> {
  const found = [...store.daily.quarterFigures(days, { from: KEYS[0], to: KEYS[KEYS.length - 1] })];
  const byKey = new Map(found.map(({ key, figures }) => [key, figures]));
  expect(byKey.size).toBe(found.length);
  return byKey;
}

function expectSums(days: Days): void {
  const found = inQuarter(days);
  for (const key of KEYS) expect(found.get(key)?.encode()).toEqual(fromDays(key, days)?.encode());
}

/** The sums over all keys, day by day, are those of the keys one by one. */
function expectDaySums({ from, to }: Days): void {
  const days = Array.from({ length: to - from + 1 }, (_, i) => ({ from: from + i, to: from + i }));
  const ofKeys = KEYS.map((key) => store.daily.sums(days, [key]));
  const ofAll = store.daily.sums(days, KEYS);
  for (const day of days.keys()) {
    const requests = ofKeys.flatMap((sums) => sums.get(day)?.requests ?? []);
    expect(ofAll.get(day)?.requests).toBe(requests.length === 0 ? undefined : sumOf(requests));
  }
}

const sumOf = (numbers: number[]): number => numbers.reduce((sum, number) => sum + number, 0);

/** Replaces all days of a key by ones without requests. */
function empty(key: number): void {
  const all = { from: FIRST, to: QUARTERS[2].to };
  const days = store.daily.figures(key, all).map((row) => ({ ...row, figures: new DayFigures() }));
  store.replaceDays({ keys: [], endpoints: [], days });
  expect(store.daily.figures(key, all)).toEqual([]);
  expect(store.daily.sumsByKey(all, [key]).size).toBe(0);
}

const counted = fc.record({
  key: fc.constantFrom(...KEYS),
  day: fc.integer({ min: FIRST, max: QUARTERS[2].to }),
  seed: fc.nat(100_000),
});

test('the sums of quarters are those of their days, in whatever order lines come and days are replaced or go', () => {
  const keys = KEYS.map((key) => ({ key, id: `key_${key}`, tenant: '' }));
  store.replaceDays({ keys, endpoints: [], days: [] });
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          rows: fc.array(counted, { minLength: 1, maxLength: 8 }),
          how: fc.constantFrom('counted', 'replaced', 'gone'),
        }),
        { maxLength: 12 },
      ),
      (steps) => {
        for (const { rows, how } of steps) {
          const once = new Map(rows.map((row) => [`${row.key} ${row.day}`, row]));
          const days = [...once.values()].map(({ key, day, seed }) => ({
            ...{ key, day, figures: figuresOf(key, day, seed) },
          }));
          if (how === 'counted') commit(days);
          else if (how === 'replaced') store.replaceDays({ keys: [], endpoints: [], days });
          else empty(rows[0].key);
          for (const quarter of QUARTERS) {
            expectSums(quarter);
            expectDaySums(quarter);
          }
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('a clock that was put back sees no more of a quarter than its days until then', () => {
  for (let day = QUARTERS[1].from; day <= QUARTERS[1].to; day++)
    commit([{ key: 0, day, figures: figuresOf(0, day, day) }]);
  const until = { from: QUARTERS[1].from, to: QUARTERS[1].from + 30 };
  expectSums(until);
  expect(inQuarter(until).get(0)?.days.requests[31]).toBe(0);
});

test('a long record is added up a part at each commit, and right all the while', () => {
  const days = [];
  for (let key = 0; key < 200; key++)
    for (let day = FIRST; day <= QUARTERS[0].to; day++)
      days.push({ key, day, figures: figuresOf(key, day, 3 * day) });
  store.replaceDays({ keys: [], endpoints: [], days });
  for (let commits = 0; commits < 6; commits++) {
    expectSums(QUARTERS[0]);
    commit([{ key: 1, day: QUARTERS[1].to, figures: figuresOf(1, QUARTERS[1].to, commits) }]);
  }
});
