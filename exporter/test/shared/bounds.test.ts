import { describe, expect, test } from '@jest/globals';
import type { Publication } from '../../src/ingest/publication.ts';
import { columnsOf } from '../../src/ingest/publication-parts.ts';
import { PendingContributions } from '../../src/shared/pending-contributions.ts';
import { eventually } from '../exporter-process.ts';
import { publication } from '../metrics/publications.ts';
import { HEALED, sample, sharedLines, startSharing } from './exporters.ts';
import { meetingPlace } from './redis-servers.ts';

const { directory, meeting } = meetingPlace();

test('beyond its limit of addresses a key is counted by sketches, the same on every exporter and close to the truth', async () => {
  const args = ['--shared.ips-per-key', '100'];
  const [a, b] = await Promise.all(
    ['a', 'b'].map((name) => startSharing(directory.path, name, [meeting.server.url], { args })),
  );
  const address = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
  for (let i = 0; i < 60; i++) a.request({ keyId: 'key_wide', ip: address(i) });
  await eventually(async () =>
    expect(sample(await b.metrics(), 'atender_key_unique_ips', 'key_wide', 'window="1h"')).toBe(60),
  );
  for (let i = 40; i < 1_000; i++) b.request({ keyId: 'key_wide', ip: address(i) });
  await eventually(async () => {
    const [onA, onB] = await Promise.all([a.metrics(), b.metrics()]);
    const unique = sample(onA, 'atender_key_unique_ips', 'key_wide', 'window="1h"')!;
    // Three standard errors of 3.3 %.
    expect(Math.abs(unique - 1_000)).toBeLessThan(100);
    expect(sharedLines(onB, 'key_wide')).toEqual(sharedLines(onA, 'key_wide'));
  }, HEALED);
  expect(await meeting.server.client.keys('*ips:/key_wide')).toEqual([]);
  expect(await meeting.server.client.keys('*firsts:/key_wide')).toEqual([]);
  // Only b has seen this address. Nobody can tell a, so it is new once more rather than never; on both alike.
  const lastNew = async (exporter: typeof a) =>
    sample(await exporter.metrics(), 'atender_key_last_new_ip_timestamp_seconds', 'key_wide')!;
  const before = await lastNew(a);
  a.request({ keyId: 'key_wide', ip: address(500) });
  await eventually(async () => {
    expect(await lastNew(a)).toBeGreaterThan(before);
    expect(await lastNew(b)).toBe(await lastNew(a));
  }, HEALED);
}, 60_000);

test('addresses not seen for 30 days leave Redis, and all that is there expires by itself when nobody writes', async () => {
  const a = await startSharing(directory.path, 'old', [meeting.server.url]);
  const b = await startSharing(directory.path, 'old2', [meeting.server.url]);
  a.request({ keyId: 'key_old', ip: '192.0.2.1' });
  await eventually(async () =>
    expect(sample(await b.metrics(), 'atender_key_unique_ips', 'key_old', 'window="30d"')).toBe(1),
  );
  const [ips] = await meeting.server.client.keys('*ips:/key_old');
  const [firsts] = await meeting.server.client.keys('*firsts:/key_old');
  const longAgo = Math.floor(Date.now() / 1000) - 31 * 86_400;
  await meeting.server.client.zadd(ips, longAgo, 'aged');
  await meeting.server.client.zadd(firsts, longAgo, 'aged');
  a.request({ keyId: 'key_old', ip: '192.0.2.2' });
  await eventually(async () => {
    expect(await meeting.server.client.zcard(ips)).toBe(2);
    expect(await meeting.server.client.zcard(firsts)).toBe(2);
    for (const set of [ips, firsts]) expect(await meeting.server.client.zscore(set, 'aged')).toBeNull();
  });
  const keys = (await meeting.server.client.keys('atender:1:{*')).filter((key) => key.includes('key_old'));
  // What an instance left that is gone for long, and days long past, go when something new comes.
  const [windows] = await meeting.server.client.keys('*windows:/key_old');
  const [daysOfKey] = await meeting.server.client.keys('*days:/key_old');
  await meeting.server.client.hset(windows, '>gone', `${longAgo - 2 * 86_400}|000000000001|x`);
  await meeting.server.client.hset(daysOfKey, '>2020-01-01@gone', '1|x');
  const c = await startSharing(directory.path, 'old3', [meeting.server.url]);
  c.request({ keyId: 'key_old', ip: '192.0.2.2' });
  await eventually(async () => {
    expect(await meeting.server.client.hkeys(windows)).toEqual(expect.arrayContaining(['>old', '>old3']));
    expect((await meeting.server.client.hkeys(daysOfKey)).some((name) => name.endsWith('@old3'))).toBe(true);
  });
  expect(await meeting.server.client.hexists(windows, '>gone')).toBe(0);
  expect(await meeting.server.client.hexists(daysOfKey, '>2020-01-01@gone')).toBe(0);
  expect(keys).toHaveLength(5);
  const days = async (part: string) => {
    const key = keys.find((name) => name.includes(`:${part}:`))!;
    return Math.round((await meeting.server.client.ttl(key)) / 86_400);
  };
  expect(await Promise.all(['windows', 'ips', 'firsts', 'facts', 'days'].map(days))).toEqual([
    32, 30, 30, 400, 400,
  ]);
}, 60_000);

test('an address leaves the window of an hour although nobody writes any more', async () => {
  const a = await startSharing(directory.path, 'idle', [meeting.server.url]);
  const ago = new Date(Date.now() - 3_595_000).toISOString();
  a.request({ keyId: 'key_idle', ip: '192.0.2.1', timestamp: ago });
  const unique = async (window: string) =>
    sample(await a.metrics(), 'atender_key_unique_ips', 'key_idle', `window="${window}"`);
  await eventually(async () => expect(await unique('1h')).toBe(1), 4_000);
  await eventually(async () => expect(await unique('1h')).toBe(0), 10_000);
  expect(await unique('24h')).toBe(1);
}, 60_000);

describe('what waits for Redis', () => {
  const rows = (from: number, count: number): Publication => {
    const ips = Array.from({ length: count }, (_, i) => {
      const ip = Buffer.alloc(4);
      ip.writeUInt32BE(from + i);
      return { key: 0, ip, first: 1_700_000_000, last: 1_700_000_000 };
    });
    return { ...publication({ keys: [{ key: 0, id: 'key', tenant: '' }] }), ips: columnsOf(ips) };
  };
  const fresh = () => new PendingContributions({ instance: 'a', newIp: 'masked' }, 0);

  test('is of bounded size: with too much of it all is left to the store', () => {
    const pending = fresh();
    for (let i = 0; i < 20; i++) pending.add(rows(i * 10_000, 10_000));
    expect(pending.overflowed).toBe(true);
    expect(pending.take(0).reduce((sum, { ips }) => sum + ips.size, 0)).toBeLessThanOrEqual(100_000);
  });

  test('is an address at once when it is new, and half a minute later at most when it was only seen again', () => {
    const pending = fresh();
    const told = (now: number) => pending.take(now).reduce((sum, { ips }) => sum + ips.size, 0);
    pending.add(rows(0, 10));
    expect(told(100)).toBe(10);
    pending.add(rows(5, 10));
    expect([told(102), told(104)]).toEqual([5, 0]);
    expect(told(130)).toBe(5);
    pending.add(rows(0, 1));
    expect([told(132), told(Number.POSITIVE_INFINITY)]).toEqual([1, 0]);
  });

  test('is of bounded size too when it could not be published again and again', () => {
    const pending = fresh();
    for (let i = 0; i < 20; i++) {
      pending.add(rows(i * 10_000, 10_000));
      pending.giveBack(pending.take(0));
    }
    expect(pending.overflowed).toBe(true);
    expect(pending.take(0).reduce((sum, { ips }) => sum + ips.size, 0)).toBeLessThanOrEqual(110_000);
  });
});
