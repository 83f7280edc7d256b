import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Grain } from '../../src/history/periods.ts';
import { usageReport } from '../../src/history/usage-report.ts';
import { KeyRegistry } from '../../src/keys/registry.ts';
import { type Review, review } from '../../src/review/review.ts';
import { openStore, openStoreForReading } from '../../src/store/sqlite.ts';
import type { StoreReader } from '../../src/store/store.ts';
import { type Days, parseDays } from '../../src/time/days.ts';
import { DayFigures } from '../../src/usage/day-figures.ts';
import { temporaryDirectory } from '../exporter-process.ts';
import { entryOf } from '../keys/entry.ts';

const DAY = 86_400;
const day = (date: string): number => Date.parse(date) / 1000 / DAY;
const NOW = day('2026-11-24') * DAY - 3_600;
const KEYS = [
  { key: 0, id: 'key_a', tenant: 'acme' },
  { key: 1, id: 'key_gone', tenant: 'acme' },
];
/** Never used; one of them is yet to be created. */
const UNUSED = [
  { key: 2, id: 'key_unused', tenant: 'acme' },
  { key: 3, id: 'key_later', tenant: 'acme' },
];
const directory = temporaryDirectory();
let store: StoreReader;

/** Two years: key_a has ten requests a day until 2026 and twenty from then on, key_gone stops in August 2026. */
beforeAll(() => {
  const path = join(directory.path, 'usage.db');
  const writing = openStore(path);
  const days = [];
  for (let at = day('2025-01-01'); at <= day('2026-11-23'); at++)
    for (const { key, id } of KEYS) {
      if (id === 'key_gone' && at > day('2026-08-15')) continue;
      const figures = new DayFigures();
      figures.count(0, 200, at < day('2026-01-01') ? 10 : 20);
      figures.addScope('contacts:read', 1, 0);
      figures.seen(at * DAY + 3_600);
      days.push({ day: at, key, figures });
    }
  writing.replaceDays({
    keys: [...KEYS, ...UNUSED],
    endpoints: [{ endpoint: 0, method: 'GET', template: '/v1/contacts' }],
    days,
  });
  writing.close();
  store = openStoreForReading(path);
});
afterAll(() => {
  store.close();
  directory.remove();
});

describe('usage', () => {
  const report = (by: Grain, from: string, to: string, keys = [KEYS[0]]) => {
    const days: Days = { from: (parseDays(from, 0) as Days).from, to: (parseDays(to, 0) as Days).to };
    return usageReport(store.daily, { days, by, today: day('2026-11-24') }, keys);
  };

  test('of a month stands beside the month before and the same month last year', () => {
    const [january] = report('month', '2026-01', '2026-01');
    expect(january).toMatchObject({
      ...{ period: '2026-01', requests: 620 },
      previous: { requests: 310, change: 1 },
      lastYear: { requests: 310, change: 1 },
    });
  });

  test('of a running month is compared with as many days', () => {
    const [november] = report('month', '2026-11', '2026-11-23');
    expect(november).toMatchObject({
      ...{ requests: 460, whole: false },
      previous: { requests: 460, change: 0 },
      lastYear: { requests: 230, change: 1 },
    });
  });

  test('of all keys is the sum of each', () => {
    const months = (keys: typeof KEYS) =>
      report('month', '2025', '2026-10', keys).map(({ requests }) => requests);
    const [one, other] = KEYS.map((key) => months([key]));
    expect(months(KEYS)).toEqual(one.map((requests, i) => requests + other[i]));
  });
});

describe('review', () => {
  let made: Review;
  beforeAll(async () => {
    const entries = KEYS.map(({ id, tenant }) =>
      entryOf({ id, tenantId: tenant, scopes: ['contacts:read'] }),
    );
    const createdAt = day('2026-11-25') * DAY;
    const unused = UNUSED.map(({ id, tenant }) =>
      entryOf({ id, tenantId: tenant, ...(id === 'key_later' ? { createdAt } : {}) }),
    );
    const unread = entryOf({ id: 'key_unread', tenantId: 'new, inc', createdAt: NOW - 5 * DAY });
    const registry = new KeyRegistry([...entries, ...unused, unread]);
    const source = { reader: store.daily, registry, archive: undefined, manifest: 'abc', now: NOW };
    made = await review(source, '2026Q4', parseDays('2026Q4', 0) as Days);
  });
  const of = (id: string) => made.keys.find(({ evidence }) => evidence.id === id)!;

  test('stands beside the verdict of the quarter before', () => {
    expect(made.before).toEqual({ quarter: '2026Q3', percent: 100 });
    expect(of('key_a')).toMatchObject({
      judgement: { verdict: 'keep' },
      before: { verdict: 'keep', requests: 92 * 20 },
    });
    expect(of('key_gone')).toMatchObject({
      judgement: { verdict: 'revoke' },
      before: { verdict: 'revoke', requests: 46 * 20 },
    });
  });

  test('has no verdict of then for a key nothing tells of, and leaves out one that was created later', () => {
    expect(of('key_unused')).toMatchObject({ judgement: { verdict: 'revoke' }, before: undefined });
    expect(of('key_later')).toBeUndefined();
  });

  test('has a key of the keys file that the exporter has not read yet', () => {
    const { evidence, judgement } = of('key_unread');
    expect(evidence).toMatchObject({ tenant: 'new%2C%20inc', requests: 0, lastUsed: 0 });
    expect(judgement.findings[0].text).toBe('No recorded use, but created only 5 d before.');
  });

  test('compares the running quarter with as many days of the one before', () => {
    expect(of('key_a').evidence).toMatchObject({
      requests: 54 * 20,
      previousRequests: 54 * 20,
      daysUsed: 54,
    });
  });

  test('knows when a key was last used though that was in an earlier quarter', () => {
    expect(of('key_gone').evidence.lastUsed).toBe(day('2026-08-15') * DAY + 3_600);
    expect(made.completeness).toMatchObject({ days: 54, daysWithData: 54, percent: 100 });
  });
});

test('one line from a clock that was years behind does not make an empty quarter one to compare with', async () => {
  const path = join(directory.path, 'clock.db');
  const writing = openStore(path);
  const figures = new DayFigures();
  figures.count(0, 200, 1);
  const days = [day('2019-01-01'), day('2026-11-01')].map((at) => ({ day: at, key: 0, figures }));
  const endpoints = [{ endpoint: 0, method: 'GET', template: '/v1/contacts' }];
  writing.replaceDays({ keys: [KEYS[0]], endpoints, days });
  writing.close();
  const reader = openStoreForReading(path);
  const source = {
    reader: reader.daily,
    registry: new KeyRegistry([]),
    archive: undefined,
    manifest: null,
    now: NOW,
  };
  const made = await review(source, '2026Q4', parseDays('2026Q4', 0) as Days);
  expect(made.before).toBeUndefined();
  expect(made.keys.map(({ before, evidence }) => [before, evidence.previousRequests])).toEqual([
    [undefined, null],
  ]);
  reader.close();
});
