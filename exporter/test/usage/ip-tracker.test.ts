import { describe, expect, test } from '@jest/globals';
import { FAMILIES } from '../../src/usage/changes.ts';
import { Sketch } from '../../src/usage/sketch.ts';
import { NOON, UsageInTest } from './usage-in-test.ts';

const DAY = 86_400;
const address = (i: number): string => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
const newIps = (world: UsageInTest): Record<string, number> => world.counters(FAMILIES.newIps);

describe('unique addresses', () => {
  test('are counted exactly within the last hour, 24 hours and 30 days', () => {
    const world = new UsageInTest().account(
      { key: 'a', ip: '192.0.2.1' },
      { key: 'a', ip: '192.0.2.1', at: NOON - 10 },
      { key: 'a', ip: '192.0.2.2', at: NOON - 3_600 },
      { key: 'a', ip: '192.0.2.3', at: NOON - DAY },
      { key: 'a', ip: '192.0.2.4', at: NOON - 30 * DAY },
      { key: 'b', ip: '192.0.2.5' },
    );
    expect(world.facts('a').uniqueIps).toEqual({ hour: 1, day: 2, month: 3, approximate: false });
  });

  test('leave the windows by time alone and come back with use', () => {
    const world = new UsageInTest().account({ key: 'a', ip: '192.0.2.1' }, { key: 'a', ip: '192.0.2.2' });
    world.facts('a');
    world.now += 3_599;
    world.account({ key: 'a', ip: '192.0.2.2' }).commit();
    world.usage.facts(world.now, 0, false);
    world.now += 1;
    expect(world.usage.facts(world.now, 0, false)).toMatchObject([{ uniqueIps: { hour: 1, day: 2 } }]);
    expect(world.account({ key: 'a', ip: '192.0.2.1' }).facts('a').uniqueIps.hour).toBe(2);
  });

  test('of IPv6 are networks of the counting prefix', () => {
    const lines = [
      { key: 'a', ip: '2001:db8:0:1::1' },
      { key: 'a', ip: '2001:db8:0:1:ffff::2' },
      { key: 'a', ip: '2001:db8:0:2::1' },
      { key: 'a', ip: '::ffff:192.0.2.1' },
      { key: 'a', ip: '192.0.2.1' },
    ];
    const count = (ipv6Prefix: number) =>
      new UsageInTest({ ipv6Prefix }).account(...lines).facts('a').uniqueIps.day;
    expect([48, 64, 80, 128].map(count)).toEqual([2, 3, 4, 4]);
  });

  test('survive a restart, stored as 4 and 16 bytes', () => {
    const world = new UsageInTest().account({ key: 'a', ip: '192.0.2.1' }, { key: 'a', ip: '2001:db8::1' });
    const before = world.facts('a');
    expect([...world.store.load().ips].map(({ ip }) => [...ip].join('.'))).toEqual([
      '192.0.2.1',
      '32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.0',
    ]);
    world.restart();
    expect(world.facts('a')).toEqual(before);
  });

  test('above the limit of a key are estimated within the stated error, and make room for others', () => {
    const world = new UsageInTest({ limits: { ipsPerKey: 100, ips: 150 } });
    for (let i = 0; i < 20_000; i++) world.account({ key: 'a', ip: address(i), at: NOON - (i % 2) * 7_200 });
    const estimated = (): void => {
      const { hour, day, month, approximate } = world.facts('a').uniqueIps;
      expect(approximate).toBe(true);
      expect(Math.abs(hour / 10_000 - 1)).toBeLessThan(0.1);
      expect(Math.abs(day / 20_000 - 1)).toBeLessThan(0.1);
      expect(month).toBe(day);
    };
    estimated();
    for (let i = 0; i < 100; i++) world.account({ key: 'b', ip: address(i) });
    expect(world.facts('b').uniqueIps).toMatchObject({ day: 100, approximate: false });
    world.restart();
    estimated();
    world.account({ key: 'a', ip: address(1_000_000) });
    world.now += 31 * DAY;
    expect(world.facts('a').uniqueIps).toMatchObject({ month: 0 });
  });

  test('that find neither room nor a sketch are left out, and the key says so', () => {
    const world = new UsageInTest({ limits: { ipsPerKey: 2, sketches: 0 } });
    for (let i = 0; i < 5; i++) world.account({ key: 'a', ip: address(i) });
    expect(world.facts('a').uniqueIps).toMatchObject({ day: 2, approximate: true });
  });
});

describe('a sketch', () => {
  test.each([0, 1, 10, 100, 1_000, 2_500, 5_000, 50_000])('estimates %i within four standard errors', (n) => {
    const sketch = new Sketch();
    for (let i = 0; i < n; i++) sketch.add(0, 0, 0xffff, Math.imul(i, 2_654_435_761), 100 + (i % 7));
    const error = 1.04 / Math.sqrt(1024);
    expect(Math.abs(sketch.estimate(0) - n)).toBeLessThanOrEqual(Math.max(1, 4 * error * n));
    expect(Sketch.decode(sketch.encode()).estimate(0)).toBe(sketch.estimate(0));
  });

  test('is the same whatever the order and however often an address is added', () => {
    const [once, shuffled] = [new Sketch(), new Sketch()];
    for (let i = 0; i < 3_000; i++) once.add(0, 0, 0xffff, i, 1_000 + (i % 100));
    for (let i = 2_999; i >= 0; i--)
      for (const second of [1_000 + (i % 100), 1_000]) shuffled.add(0, 0, 0xffff, i, second);
    expect(shuffled.encode()).toEqual(once.encode());
  });
});

describe('a new address', () => {
  const used = (setting: object = {}): UsageInTest => {
    const world = new UsageInTest(setting).account({ key: 'a', ip: '192.0.2.1', at: NOON - 2 * DAY });
    world.commit();
    return world;
  };

  test('is noticed once, after the learning period, at the time it is read', () => {
    const world = used().account({ key: 'a', ip: '192.0.2.2', at: NOON - DAY - 1 });
    expect(newIps(world)).toEqual({});
    world.account({ key: 'a', ip: '203.0.113.9', at: NOON - 60 }, { key: 'a', ip: '203.0.113.9' });
    expect(newIps(world)).toEqual({ a: 1 });
    expect(world.facts('a')).toMatchObject({
      lastNewIp: NOON,
      recentNewIps: [{ ip: '203.0.113.0/24', noticed: NOON }],
    });
  });

  test('is not new again when its line is read again after a crash, and is when that was never committed', () => {
    const world = used();
    world.account({ key: 'a', ip: '203.0.113.9' });
    world.failCommit();
    world.restart();
    world.account({ key: 'a', ip: '203.0.113.9' });
    expect(newIps(world)).toEqual({ a: 1 });
    world.restart();
    world.account({ key: 'a', ip: '203.0.113.9' });
    expect(newIps(world)).toEqual({ a: 1 });
  });

  test('is none while first history is read', () => {
    const world = new UsageInTest({ history: true });
    world.account({ key: 'a', ip: '192.0.2.1', at: NOON - 9 * DAY }, { key: 'a', ip: '192.0.2.2' });
    world.historyDone();
    world.account({ key: 'a', ip: '192.0.2.2' });
    expect(newIps(world)).toEqual({});
    world.account({ key: 'a', ip: '192.0.2.3' });
    expect(newIps(world)).toEqual({ a: 1 });
  });

  test('follows the learning period of its key', () => {
    const world = used({ entries: [{ id: 'a', learning: 7 * DAY }] }).account({ key: 'a', ip: '192.0.2.2' });
    expect(newIps(world)).toEqual({});
  });

  test('outside the allowed networks is new at once, inside never', () => {
    const allowedNetworks = ['198.51.100.0/24', '2001:db8::/32'];
    const world = new UsageInTest({ entries: [{ id: 'a', allowedNetworks, learning: 0 }] });
    world.account({ key: 'a', ip: '198.51.100.7' }, { key: 'a', ip: '2001:db8:7::1' });
    expect(newIps(world)).toEqual({});
    world.account({ key: 'a', ip: '2001:db9::1' }, { key: 'a', ip: '198.51.101.7' });
    expect(newIps(world)).toEqual({ a: 2 });
    expect(world.facts('a').recentNewIps.map(({ ip }) => ip)).toEqual(['198.51.101.0/24', '2001:db9::/64']);
  });

  test('is shown whole, or not at all, if so configured; the three newest for 24 hours', () => {
    const recent = (newIp: 'full' | 'off'): string[] => {
      const world = used({ newIp });
      for (let i = 1; i <= 4; i++) world.account({ key: 'a', ip: `203.0.113.${i}` });
      expect(newIps(world)).toEqual({ a: 4 });
      return world.facts('a').recentNewIps.map(({ ip }) => ip);
    };
    expect(recent('full')).toEqual(['203.0.113.4', '203.0.113.3', '203.0.113.2']);
    expect(recent('off')).toEqual([]);
    const world = used().account({ key: 'a', ip: '203.0.113.9' });
    world.facts('a');
    world.now += DAY;
    expect(world.usage.facts(world.now, 0, false)).toMatchObject([{ recentNewIps: [], lastNewIp: NOON }]);
  });
});

describe('surfaces and scopes', () => {
  test('a surface first called after the learning period is noticed, unless the call came to nothing', () => {
    const world = new UsageInTest().account({ key: 'a', at: NOON - 2 * DAY });
    world.account({ key: 'b', template: '/v1/users' }, { key: 'b', template: '/v1/tags' });
    world.account({ key: 'a', template: '/v1/users', status: 401 });
    world.account({ key: 'a', template: '/v1/users', status: 404 });
    expect(world.facts('a').newSurfaces).toEqual([]);
    world.account({ key: 'a', template: '/v1/users', status: 403 }, { key: 'a', template: '/v1/users/:id' });
    expect(world.facts('a').newSurfaces).toEqual([{ surface: 'users', noticed: NOON }]);
    world.restart();
    world.now += 60;
    world.account({ key: 'a', template: '/v1/users' }, { key: 'a', template: '/v1/tags' });
    expect(world.facts('a').newSurfaces).toEqual([
      { surface: 'users', noticed: NOON },
      { surface: 'tags', noticed: NOON + 60 },
    ]);
    expect(world.facts('b').newSurfaces).toEqual([]);
  });

  test('a scope is used by a request that was let through', () => {
    const world = new UsageInTest().account(
      { key: 'a', template: '/v1/kb/:id', at: NOON - 10 },
      { key: 'a', template: '/v1/kb/:id', at: NOON - 20 },
      { key: 'a', template: '/v1/tags', method: 'POST', status: 422 },
      { key: 'a', template: '/v1/users', status: 403 },
      { key: 'a', template: '/v1/users', status: 404 },
    );
    const scopes = [
      { scope: 'knowledge:read', lastUsed: NOON - 10 },
      { scope: 'tags:write', lastUsed: NOON },
    ];
    expect(world.facts('a').scopes).toEqual(scopes);
    world.restart();
    expect(world.facts('a').scopes).toEqual(scopes);
  });

  test('with however many keys, none forgets over a restart when it used its scopes', () => {
    const keys = Array.from({ length: 600 }, (_, i) => `key_${i}`);
    const world = new UsageInTest().account(...keys.map((key) => ({ key, template: '/v1/tags' })));
    world.commit();
    world.restart();
    const uses = world.usage.facts(world.now, 0, true).flatMap(({ scopes }) => scopes);
    expect(uses).toEqual(keys.map(() => ({ scope: 'tags:read', lastUsed: NOON })));
  });
});
