import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { FAMILIES } from '../../src/usage/changes.ts';
import { recordOf } from './records.ts';
import { sum, UsageInTest } from './usage-in-test.ts';

const { requests, endpoint, bytes } = FAMILIES;

describe('requests are counted', () => {
  test('once by key and status, and once by endpoint', () => {
    const world = new UsageInTest().account(
      { key: 'a' },
      { key: 'a', status: 500 },
      { key: 'a', tenant: 't', method: 'POST', template: '/v1/tags' },
    );
    expect(world.counters(requests)).toEqual({ 'a 200': 1, 'a 500': 1, 'a|t 200': 1 });
    expect(world.counters(endpoint)).toEqual({
      'a GET /v1/contacts 200': 1,
      'a GET /v1/contacts 500': 1,
      'a|t POST /v1/tags 200': 1,
    });
  });

  test('without key under __none__, which has no facts', () => {
    const world = new UsageInTest().account({ ip: '192.0.2.1', bytes: 5, seconds: 1 }, { tenant: 't' });
    expect(world.counters(requests)).toEqual({ '__none__ 200': 2 });
    expect(world.counters(bytes)).toEqual({});
    const { histograms, keyUsage, ips, days } = world.store.load();
    expect([histograms, keyUsage, [...ips]]).toEqual([[], [], []]);
    expect(days.map(({ figures }) => figures.requests)).toEqual([2]);
    expect(world.usage.facts(world.now, 0, true)).toEqual([]);
  });

  test('methods by their usual names, others together, an absent one as empty', () => {
    const world = new UsageInTest().account(
      { key: 'a', method: 'get' },
      { key: 'a', method: 'GET' },
      { key: 'a', method: 'PURGE' },
      { key: 'a', method: 'BREW' },
      { key: 'a', method: '' },
    );
    expect(world.counters(endpoint)).toEqual({
      'a GET /v1/contacts 200': 2,
      'a __other__ /v1/contacts 200': 2,
      'a  /v1/contacts 200': 1,
    });
  });

  test('with response sizes and durations where the line has them', () => {
    const world = new UsageInTest().account(
      { key: 'a', bytes: 100, seconds: 0.005 },
      { key: 'a', bytes: 20, seconds: 0.006 },
      { key: 'a', seconds: 31 },
      { key: 'a' },
    );
    expect(world.counters(bytes)).toEqual({ a: 120 });
    const [{ counts, sum: total }] = world.store.load().histograms;
    expect([...counts]).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(total).toBeCloseTo(31.011);
  });
});

describe('registered keys', () => {
  const entries = [{ id: 'reg', tenantId: 't1', fingerprints: ['sa_live_0123456789ab'] }, { id: 'free' }];

  test('have series for the statuses that matter from the start', () => {
    const world = new UsageInTest({ entries });
    const names = [200, 401, 403, 404, 422, 429, 500];
    expect(Object.keys(world.shown(requests))).toEqual([
      ...names.map((status) => `reg|t1 ${status}`),
      ...names.map((status) => `free ${status}`),
    ]);
    expect(sum(world.shown(requests))).toBe(0);
  });

  test('are one key by id and by fingerprint, with the registry’s tenant', () => {
    const world = new UsageInTest({ entries }).account(
      { key: 'reg' },
      { key: 'reg', tenant: 't1' },
      { key: 'sa_live_0123456789ab' },
    );
    expect(world.counters(requests)).toEqual({ 'reg|t1 200': 3 });
  });

  test('are not charged with a line of another tenant', () => {
    const world = new UsageInTest({ entries }).account({ key: 'reg', tenant: 'evil' });
    expect(world.counters(requests)).toEqual({ 'reg|evil 200': 1 });
  });

  test('without tenant take the one their first line names; further tenants are keys of their own', () => {
    const world = new UsageInTest({ entries }).account({ key: 'free', tenant: 'x', status: 401 });
    expect(world.counters(requests)).toEqual({ 'free|x 401': 1 });
    expect(Object.keys(world.shown(requests)).filter((name) => name.startsWith('free '))).toEqual([]);
    world.account({ key: 'free', tenant: 'y', status: 401 }, { key: 'free', tenant: 'y', status: 403 });
    expect(world.counters(requests)).toEqual({ 'free|x 401': 1, '__other__ 401': 1, 'free|y 403': 1 });
    world.restart();
    world.account({ key: 'free', tenant: 'x', status: 401 });
    expect(world.counters(requests)['free|x 401']).toBe(2);
  });

  test('without tenant keep the one they took over a restart, also from a refused line that comes right after', () => {
    const world = new UsageInTest({ entries }).account({ key: 'free', tenant: 'x' });
    world.commit();
    world.restart();
    world.account({ key: 'free', tenant: 'y', status: 401 }, { key: 'free', tenant: 'x' });
    expect(world.counters(FAMILIES.requests)).toEqual({ 'free|x 200': 2, '__other__ 401': 1 });
  });

  test('have room whatever the number of other keys', () => {
    const world = new UsageInTest({ entries, limits: { keys: 1 } });
    world.account({ key: 'a' }, { key: 'b' }, { key: 'reg' }, { key: 'free' });
    expect(world.counters(requests)).toEqual({
      'a 200': 1,
      '__other__ 200': 1,
      'reg|t1 200': 1,
      'free 200': 1,
    });
  });
});

describe('places', () => {
  test('an unregistered key gets one after an answer other than 401', () => {
    const world = new UsageInTest().account({ key: 'guess', status: 401 }, { key: 'real', status: 403 });
    expect(world.counters(requests)).toEqual({ '__other__ 401': 1, 'real 403': 1 });
    world.account({ key: 'real', status: 401 });
    expect(world.counters(requests)).toEqual({ '__other__ 401': 1, 'real 403': 1, 'real 401': 1 });
  });

  test('a guessed endpoint gets one after an answer other than 401 and 404 to any key, a listed one at once', () => {
    const world = new UsageInTest().account({ key: 'a' }, { key: 'a', template: '/v1/x', status: 404 });
    world.account({ key: 'a', template: '/v1/y', status: 404, listed: true });
    world.account({ key: 'b', template: '/v1/x' }, { key: 'a', template: '/v1/x', status: 404 });
    expect(world.counters(endpoint)).toEqual({
      'a GET /v1/contacts 200': 1,
      'a __other__ __unmatched__ 404': 1,
      'a GET /v1/y 404': 1,
      'b GET /v1/x 200': 1,
      'a GET /v1/x 404': 1,
    });
  });

  test('limits and what is known survive a restart', () => {
    const world = new UsageInTest({ limits: { keys: 2, endpointsPerKey: 2 } });
    const lines = [
      { key: 'a', template: '/v1/1' },
      { key: 'a', template: '/v1/2' },
      { key: 'a', template: '/v1/3' },
      { key: 'b', template: '/v1/1' },
      { key: 'c', template: '/v1/1' },
      { key: 'b', template: '/v1/2', status: 404 },
    ];
    world.account(...lines);
    const before = world.counters(endpoint);
    expect(before).toEqual({
      'a GET /v1/1 200': 1,
      'a GET /v1/2 200': 1,
      'a __other__ __other__ 200': 1,
      'b GET /v1/1 200': 1,
      '__other__ GET /v1/1 200': 1,
      'b GET /v1/2 404': 1,
    });
    world.restart();
    world.account(...lines);
    const doubled = Object.fromEntries(Object.entries(before).map(([name, value]) => [name, value * 2]));
    expect(world.counters(endpoint)).toEqual(doubled);
  });

  test('the overall limit holds, with room left for the overflow of every key and status', () => {
    const world = new UsageInTest({ limits: { series: 40 } });
    for (let i = 0; i < 50; i++)
      for (const key of ['a', 'b']) world.account({ key, template: `/v1/${i}`, status: i % 3 ? 200 : 500 });
    const total = Object.keys(world.counters(requests)).length + Object.keys(world.counters(endpoint)).length;
    expect(total).toBe(40);
    expect(sum(world.counters(endpoint))).toBe(100);
    expect(sum(world.counters(requests))).toBe(100);
    expect(world.counters(endpoint)['a __other__ __other__ 200']).toBeGreaterThan(0);
    expect(world.usage.seriesUse()).toEqual([
      { metric: 'atender_requests_total', series: 4, limit: 40, overflowed: 0 },
      { metric: 'atender_endpoint_requests_total', series: 36, limit: 36, overflowed: 68 },
    ]);
  });
});

describe('an attacker', () => {
  /** Eight letters, different for every i below 26^8. */
  function scribble(i: number, bytes: Buffer, at: number): void {
    for (let place = 0, rest = i; place < 8; place++, rest = Math.floor(rest / 26))
      bytes[at + place] = 97 + ((rest + 7 * place) % 26);
  }

  test.each([
    ['paths of a good key', { key: 'a', template: '/v1/________', status: 404 }, 'template'],
    ['keys', { key: '________', status: 401 }, 'key'],
    ['tenants of a good key', { key: 'a', method: '', tenant: '________', status: 401 }, 'bytes'],
    ['keys that are let in', { key: '________' }, 'key'],
    ['paths that are answered', { key: 'a', template: '/v1/________' }, 'template'],
  ] as const)('with 100,000 random %s adds bounded series and takes bounded memory', (_, request, field) => {
    const world = new UsageInTest({ limits: { keys: 5, endpointsPerKey: 5 } }).account({ key: 'a' });
    const record = recordOf({ at: world.now, ...request });
    const attack = (from: number, to: number): void => {
      for (let i = from; i < to; i++) {
        scribble(i, record[field], record[field].length - 8);
        world.usage.account(record);
      }
    };
    attack(0, 10_000);
    world.commit();
    const series = world.store.load().series.length;
    const used = memoryUsed();
    attack(10_000, 100_000);
    const grown = memoryUsed() - used;
    world.commit();
    expect(world.store.load().series.length).toBe(series);
    expect(series).toBeLessThan(40);
    expect(sum(world.counters(requests))).toBe(100_001);
    expect(sum(world.counters(endpoint))).toBe(100_001);
    expect(grown / 1_048_576).toBeLessThan(2);
  });
});

/** Bytes on and off the heap, garbage collected. */
function memoryUsed(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
