import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { type Contribution, FACT_PARTS } from '../../src/shared/contribution.ts';
import type { Facts } from '../../src/shared/mergeable-facts.ts';
import { MergedKey } from '../../src/shared/merged-key.ts';
import { contributionOf, noRows } from '../../src/shared/own-contribution.ts';
import { bucketOf, LAYOUT, RedisKeys } from '../../src/shared/redis-keys.ts';
import { dayFact, daysOf } from '../../src/shared/shared-days.ts';
import { DayFigures } from '../../src/usage/day-figures.ts';
import { writeScopes } from '../../src/usage/scope-uses.ts';
import { Sketch } from '../../src/usage/sketch.ts';
import { Windows } from '../../src/usage/windows.ts';
import { encodeWindows } from '../../src/usage/windows-form.ts';
import { eventually } from '../exporter-process.ts';
import { HEALED, sample, startSharing } from './exporters.ts';
import { meetingPlace } from './redis-servers.ts';

const { directory, meeting } = meetingPlace();
const NOW = 1_800_000_000;
const DAY = 20_833;

/** What an exporter `a` publishes of a key with 120 requests from 40 addresses. */
function published(): Contribution {
  const windows = new Windows();
  for (let at = NOW - 240; at < NOW; at += 2) {
    windows.countMinute(Math.floor(at / 60), at % 20 === 0 ? 404 : 200);
    windows.countDay(DAY);
    windows.use(at);
    windows.countSecond(at);
  }
  const usage = {
    ...{ key: 0, firstUsed: NOW - 240, lastUsed: NOW - 2, lastRejected: 0, lastNewIp: NOW - 30 },
    recentNewIps: [{ ip: '192.0.2.0/24', noticed: NOW - 30 }],
    scopes: writeScopes([{ scope: 'contacts:read', lastUsed: NOW - 2 }]),
    windows: encodeWindows(windows),
  };
  const surface = { key: 0, surface: 'contacts', first: NOW - 240, noticed: NOW - 239 };
  const ips = new Map(
    Array.from({ length: 40 }, (_, i) => [
      String.fromCharCode(192, 0, 2, i),
      { first: NOW - 200 + i, last: NOW - i },
    ]),
  );
  const made = contributionOf(
    { key: 0, id: 'key_test', tenant: 't' },
    { ...noRows(), usage, ips, surfaces: new Map([['contacts', surface]]) },
    { instance: 'a', newIp: 'masked' },
    0,
    new Sketch(),
  );
  const figures = new DayFigures();
  figures.count(0, 200, 100);
  figures.count(0, 404, 20);
  figures.durations[3] = 120;
  for (let ip = 0; ip < 40; ip++) figures.ips.add(0, 0, 0xffff, 0xc0000200 + ip);
  const endpoints = [{ endpoint: 0, method: 'GET', template: '/v1/contacts/:id' }];
  made.days.set(...dayFact(DAY, 'a', figures.encode(), endpoints));
  return made;
}

/** The same as exporters of this layout have always written it. */
function kept(): Record<(typeof FACT_PARTS)[number], Facts> {
  const file = new URL(`layout-${LAYOUT}.json`, import.meta.url);
  const parts = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, string>>;
  return Object.fromEntries(
    FACT_PARTS.map((part) => [
      part,
      new Map(
        Object.entries(parts[part]).map(([name, value]) => [
          name,
          Buffer.from(value, 'base64').toString('latin1'),
        ]),
      ),
    ]),
  ) as Record<(typeof FACT_PARTS)[number], Facts>;
}

test('what an exporter writes and reads is as ever in this layout; whoever changes it raises LAYOUT', () => {
  const [{ name, ...now }, before] = [published(), kept()];
  for (const part of FACT_PARTS) expect(now[part]).toEqual(before[part]);
  expect([name, bucketOf(name), new RedisKeys('p:').part(name, 'facts')]).toEqual([
    't/key_test',
    16,
    'p:1:{16}:facts:t/key_test',
  ]);
  const listed = { hour: 0, day: 0, month: 0 };
  const mergedKey = new MergedKey({ ...before, listed, firstSeen: new Map() });
  expect(mergedKey.factsAt(NOW, 2, { key: 0, id: 'key_test', tenant: 't' })).toMatchObject({
    ...{ firstUsed: NOW - 240, lastUsed: NOW - 2, lastNewIp: NOW - 30 },
    recentNewIps: [{ ip: '192.0.2.0/24', noticed: NOW - 30 }],
    newSurfaces: [{ surface: 'contacts', noticed: NOW - 239 }],
    scopes: [{ scope: 'contacts:read', lastUsed: NOW - 2 }],
    ...{ requestsLastMinute: 30, peakPerMinute: 30, requestsToday: 120 },
    uniqueIps: { hour: 40, day: 40, month: 40, approximate: true },
  });
  const { days, endpoints } = daysOf(before.days);
  expect([days.get(DAY)?.requests, days.get(DAY)?.durations[3], days.get(DAY)?.ips.count()]).toEqual([
    120, 120, 40,
  ]);
  expect(endpoints).toEqual([{ endpoint: 0, method: 'GET', template: '/v1/contacts/:id' }]);
});

test('exporters of another layout are lived beside and told of: neither reads or changes what is of the other', async () => {
  const { client, url } = meeting.server;
  const other = `atender:${LAYOUT + 1}:{16}:facts:t/key_test`;
  await client.hset(other, '>used', 'of another form');
  await client.zadd('atender:layouts', Math.floor(Date.now() / 1000), LAYOUT + 1);
  const exporter = await startSharing(directory.path, 'beside', [url]);
  exporter.request();
  await eventually(
    () => expect(exporter.output()).toMatch(/another version share their facts apart .*\(layout 2, here 1\)/),
    HEALED,
  );
  await eventually(async () => expect(await client.keys('*facts:/key_test')).toHaveLength(1));
  await eventually(async () => expect(await exporter.metrics()).toMatch(/^atender_exporter_shared_up 1$/m));
  expect(sample(await exporter.metrics(), 'atender_key_requests_today', 'key_test')).toBe(1);
  expect(await client.hgetall(other)).toEqual({ '>used': 'of another form' });
  const names = (await client.keys('*')).filter((name) => name !== other);
  expect(names.every((name) => /^atender:(1:|layouts$)/.test(name))).toBe(true);
}, 30_000);
