import { describe, expect, test } from '@jest/globals';
import { inLastMinutes } from '../../src/usage/key-facts.ts';
import { readScopes } from '../../src/usage/scope-uses.ts';
import { NOON, UsageInTest } from './usage-in-test.ts';

const DAY = 86_400;
const days = (world: UsageInTest): Record<string, number> => {
  world.commit();
  const rows = world.store.load().days.map(({ day, figures }) => {
    const answered = figures.countOf((status) => status !== 401);
    return [day - Math.floor(NOON / DAY), answered];
  });
  return Object.fromEntries(rows);
};

describe('last used', () => {
  test('is the latest event, whatever the order of lines', () => {
    const world = new UsageInTest().account({ key: 'a', at: NOON - 5 }, { key: 'a', at: NOON - 50 });
    expect(world.facts('a')).toMatchObject({ firstUsed: NOON - 50, lastUsed: NOON - 5 });
  });

  test('is not moved by a 401, which moves only the last rejection', () => {
    const world = new UsageInTest().account({ key: 'a', at: NOON - 5_000 });
    const before = world.facts('a');
    world.account(
      { key: 'a', at: NOON - 10, status: 401, ip: '192.0.2.1', bytes: 9, seconds: 1, template: '/v1/tags' },
      { key: 'a', at: NOON - 20, status: 401 },
    );
    const { minutes, ...after } = world.facts('a');
    expect({ ...after, minutes: before.minutes }).toEqual({ ...before, lastRejected: NOON - 10 });
    expect(inLastMinutes(minutes, 'unauthorized', 60, Math.floor(NOON / 60))).toBe(2);
    const { ips, surfaces, keyUsage, histograms } = world.store.load();
    expect([
      [...ips].length,
      surfaces.length,
      readScopes(keyUsage[0].scopes).length,
      histograms.length,
    ]).toEqual([0, 1, 1, 0]);
    expect(days(world)).toEqual({ 0: 1 });
  });

  test('is when it was read for an event beyond the allowed skew, which counts today', () => {
    const world = new UsageInTest().account({ key: 'a', at: NOON - 5 }, { key: 'a', at: NOON + 301 });
    world.account({ key: 'a', at: NOON + 40 * DAY, status: 401 });
    expect(world.facts('a')).toMatchObject({
      firstUsed: NOON - 5,
      lastUsed: NOON,
      lastRejected: NOON,
      maxGap: 5,
      requestsLastMinute: 1,
      requestsToday: 2,
    });
    expect(days(world)).toEqual({ 0: 2 });
    expect(world.account({ key: 'a', at: NOON + 300 }).facts('a').lastUsed).toBe(NOON + 300);
  });

  test('of a key that was only ever used ahead of the clock stays when it was read, after a restart too', () => {
    const world = new UsageInTest().account({ key: 'a', at: NOON + DAY, template: '/v1/tags' });
    world.commit();
    world.now += 3_600;
    world.restart();
    expect(world.facts('a')).toMatchObject({ firstUsed: NOON, lastUsed: NOON });
    expect(readScopes(world.store.load().keyUsage[0].scopes)).toMatchObject([{ lastUsed: NOON }]);
  });

  test('ahead of the clock falls into the minute it is read in while lines are read as they are written', () => {
    const world = new UsageInTest();
    world.usage.live = true;
    const { requestsLastMinute, minutes } = world.account({ key: 'a', at: NOON + 3_600 }).facts('a');
    expect(requestsLastMinute).toBe(1);
    expect(inLastMinutes(minutes, 'success', 1, Math.floor(NOON / 60))).toBe(1);
  });
});

describe('days', () => {
  test('old lines count on the UTC day of their event', () => {
    const world = new UsageInTest().account(
      { key: 'a' },
      { key: 'a', at: NOON - 2 * DAY },
      { key: 'a', at: NOON - 2 * DAY },
      { key: 'a', at: NOON - DAY / 2 - 1 },
    );
    expect(days(world)).toEqual({ 0: 1, '-2': 2, '-1': 1 });
    expect(world.facts('a').requestsToday).toBe(1);
  });

  test('requests today end with the UTC day by the wall clock, without any further line', () => {
    const midnight = NOON + DAY / 2;
    const world = new UsageInTest({ now: midnight - 1 });
    world.account({ key: 'a' }, { key: 'a' }, { key: 'a', at: midnight + 100 });
    expect(world.facts('a').requestsToday).toBe(2);
    world.usage.facts(world.now, 0, false);
    world.now = midnight;
    expect(world.usage.facts(world.now, 0, false)).toMatchObject([{ id: 'a', requestsToday: 1 }]);
    world.restart();
    expect(world.facts('a').requestsToday).toBe(1);
  });

  test('a commit that failed loses nothing and doubles nothing', () => {
    const world = new UsageInTest().account({ key: 'a' });
    world.failCommit();
    world.account({ key: 'a' });
    world.failCommit();
    expect(days(world)).toEqual({ 0: 2 });
    world.account({ key: 'a' });
    expect(days(world)).toEqual({ 0: 3 });
  });
});

describe('the sliding minute', () => {
  test('ends at now, and goes to 0 without any further line', () => {
    const world = new UsageInTest();
    for (let second = 0; second < 90; second++) world.account({ key: 'a', at: NOON - second });
    expect(world.facts('a')).toMatchObject({ requestsLastMinute: 60, peakPerMinute: 60 });
    world.now = NOON + 30;
    expect(world.usage.facts(world.now, 0, false)).toMatchObject([
      { requestsLastMinute: 30, peakPerMinute: 60 },
    ]);
    world.now = NOON + 60;
    expect(world.facts('a')).toMatchObject({ requestsLastMinute: 0, peakPerMinute: 60 });
    world.now = NOON + 420;
    expect(world.usage.facts(world.now, 0, false)).toMatchObject([
      { requestsLastMinute: 0, peakPerMinute: 0 },
    ]);
    expect(world.usage.facts(world.now + 1, 0, false)).toEqual([]);
  });

  test('ends at the last event while the exporter lags behind', () => {
    const world = new UsageInTest().account({ key: 'a', at: NOON - 7_200 });
    world.commit();
    expect(world.usage.facts(NOON, 7_190, false)).toMatchObject([{ requestsLastMinute: 1 }]);
    expect(world.usage.facts(NOON, 7_130, false)).toMatchObject([
      { requestsLastMinute: 0, peakPerMinute: 1 },
    ]);
  });

  test('sees no spike in a backlog that is read at once', () => {
    const world = new UsageInTest({ history: true });
    for (let second = 0; second < 3_600; second++) world.account({ key: 'a', at: NOON - second });
    world.historyDone();
    expect(world.facts('a')).toMatchObject({ requestsLastMinute: 60, peakPerMinute: 60 });
  });

  test('goes on after a restart', () => {
    const world = new UsageInTest();
    for (let second = 0; second < 100; second++) world.account({ key: 'a', at: NOON - second });
    for (let i = 0; i < 99; i++) world.account({ key: 'a', at: NOON - 357 });
    expect(world.facts('a').peakPerMinute).toBe(99);
    const before = world.facts('a');
    world.restart();
    expect(world.facts('a')).toEqual(before);
  });
});

describe('the longest gap', () => {
  test('is between uses, ended within 30 days, and only forward movement makes one', () => {
    const world = new UsageInTest({ history: true }).account(
      { key: 'a', at: NOON - 50 * DAY },
      { key: 'a', at: NOON - 29 * DAY },
      { key: 'a', at: NOON - 28 * DAY },
      { key: 'a', at: NOON - 40 * DAY },
      { key: 'a', at: NOON - 100 },
    );
    expect(world.facts('a').maxGap).toBe(28 * DAY - 100);
    world.now = NOON + 20 * DAY;
    expect(world.facts('a').maxGap).toBe(28 * DAY - 100);
    world.restart();
    expect(world.facts('a').maxGap).toBe(28 * DAY - 100);
    world.now = NOON + 31 * DAY;
    expect(world.usage.facts(world.now, 0, false)).toMatchObject([{ maxGap: 0 }]);
  });

  test('survives nothing stored in a form of another version, and the rest of the key does', () => {
    const world = new UsageInTest().account({ key: 'a', at: NOON - 100 }, { key: 'a' });
    world.commit();
    world.store.load().keyUsage[0].windows[0] = 99;
    world.restart();
    expect(world.facts('a')).toMatchObject({ lastUsed: NOON, maxGap: 0, requestsLastMinute: 0 });
  });
});
