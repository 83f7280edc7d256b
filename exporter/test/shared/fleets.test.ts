import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { noChanges } from '../../src/ingest/publication-parts.ts';
import { Sharing } from '../../src/shared/sharing.ts';
import { openStore, openStoreForReading } from '../../src/store/sqlite.ts';
import { DayFigures } from '../../src/usage/day-figures.ts';
import { eventually, freePort } from '../exporter-process.ts';
import { publication } from '../metrics/publications.ts';
import { type SharingExporter, sample, sharedDays, startSharing, synced } from './exporters.ts';
import { meetingPlace, startRedis } from './redis-servers.ts';

const { directory, meeting } = meetingPlace();

const today = async (exporter: SharingExporter, key: string) =>
  sample(await exporter.metrics(), 'atender_key_requests_today', key);

test('two fleets in one Redis under two prefixes know nothing of each other', async () => {
  const prefix = (name: string) => ({ args: ['--shared.redis.key-prefix', `${name}:`] });
  const [a, b, other] = await Promise.all([
    startSharing(directory.path, 'north-a', [meeting.server.url], prefix('north')),
    startSharing(directory.path, 'north-b', [meeting.server.url], prefix('north')),
    startSharing(directory.path, 'north-a2', [meeting.server.url], {
      args: ['--shared.redis.key-prefix', 'south:', '--instance.id', 'north-a'],
    }),
  ]);
  for (const exporter of [a, a, b, other]) exporter.request({ keyId: 'key_fleet' });
  await eventually(async () => expect(await today(a, 'key_fleet')).toBe(3));
  await eventually(async () => expect(await sharedDays(other, 'key_fleet')).toMatchObject([{ requests: 1 }]));
  expect(await today(other, 'key_fleet')).toBe(1);
  expect((await meeting.server.client.keys('*')).every((key) => /^(north|south):/.test(key))).toBe(true);
  await meeting.server.client.flushall();
}, 60_000);

test('an exporter that comes back with its store under another instance.id adds nothing up twice, and says what to do', async () => {
  const before = await startSharing(directory.path, 'pod-1', [meeting.server.url]);
  const other = await startSharing(directory.path, 'stays', [meeting.server.url]);
  for (let i = 0; i < 3; i++) before.request({ keyId: 'key_renamed' });
  await eventually(async () => expect(await today(other, 'key_renamed')).toBe(3));
  await eventually(async () =>
    expect(await sharedDays(other, 'key_renamed')).toMatchObject([{ requests: 3 }]),
  );
  await before.end('SIGKILL');
  const renamed = await startSharing(directory.path, 'pod-2', [meeting.server.url], {
    log: before.log,
    store: 'pod-1',
  });
  await eventually(() =>
    expect(renamed.output()).toMatch(/shared as instance pod-1.*set instance\.id to pod-1, or begin/),
  );
  expect(await renamed.metrics()).toMatch(/^atender_exporter_shared_up 0$/m);
  expect(await sharedDays(other, 'key_renamed')).toMatchObject([{ requests: 3 }]);
  expect(await today(other, 'key_renamed')).toBe(3);
  await renamed.end('SIGTERM');
  const again = await startSharing(directory.path, 'pod-1', [meeting.server.url]);
  again.request({ keyId: 'key_renamed' });
  await eventually(async () => expect(await today(other, 'key_renamed')).toBe(4));
}, 60_000);

test('a cluster behind one address is asked a bucket at a time', async () => {
  const port = await freePort();
  const node = await startRedis({ port, args: ['--cluster-enabled', 'yes'] });
  await node.client.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
  await eventually(async () => expect(await node.client.call('CLUSTER', 'INFO')).toMatch(/cluster_state:ok/));
  const [a, b] = await Promise.all(
    ['proxied-a', 'proxied-b'].map((name) => startSharing(directory.path, name, [node.url])),
  );
  for (let i = 0; i < 5; i++) a.request({ keyId: `key_${i}` });
  b.request({ keyId: 'key_0' });
  await eventually(async () => {
    expect(await today(b, 'key_4')).toBe(1);
    expect(await today(a, 'key_0')).toBe(2);
  });
}, 60_000);

test('what an exporter itself has published it does not read back', async () => {
  const own = await startRedis();
  const a = await startSharing(directory.path, 'alone', [own.url]);
  a.request();
  await eventually(async () => expect(await today(a, 'key_test')).toBe(1));
  const reads = async () =>
    Number(/cmdstat_hgetall:calls=(\d+)/.exec(await own.client.info('commandstats'))?.[1] ?? 0);
  // The address is new: it has to be counted by Redis, once.
  await eventually(async () => {
    const before = await reads();
    await synced([a]);
    expect(await reads()).toBe(before);
  });
  const before = await reads();
  for (let i = 0; i < 4; i++) {
    a.request();
    await synced([a]);
  }
  await eventually(async () => expect(await today(a, 'key_test')).toBe(5));
  expect(await reads()).toBe(before);
}, 60_000);

describe('an exporter with a long past', () => {
  const TODAY = Math.floor(Date.now() / 86_400_000);
  const KEYS = [0, 1, 2].map((key) => ({ key, id: `key_${key}`, tenant: '' }));
  const path = join(directory.path, 'past.db');
  const endpoints = [{ endpoint: 0, method: 'GET', template: '/v1/contacts/:id' }];

  /** Shares the facts of the store until the first turn is over. */
  async function share(clock: () => number): Promise<Sharing> {
    const { url } = meeting.server;
    const redis = { urls: [url], mode: 'standalone' as const, username: '', password: '', database: 0 };
    const sharing = new Sharing(
      {
        ...{ redis: { ...redis, ca: '', cert: '', key: '', timeout: 10 }, keyPrefix: 'past:' },
        ...{ instance: 'past', newIp: 'masked', interval: 60, ipsPerKey: 100, keys: 100 },
      },
      { openStore: () => openStoreForReading(path), report: () => {}, clock },
    );
    sharing.add(publication({ keys: KEYS, endpoints }));
    sharing.start();
    await eventually(() => expect(sharing.state.state).not.toBe('starting'), 30_000);
    return sharing;
  }

  beforeAll(() => {
    const store = openStore(path);
    store.replaceDays({ ...noChanges(), keys: KEYS, endpoints });
    for (let day = TODAY - 449; day <= TODAY; day++)
      store.replaceDays({
        ...{ keys: [], endpoints: [] },
        days: KEYS.map(({ key }) => {
          const figures = new DayFigures();
          figures.count(0, 200, 10 + key);
          for (let ip = 0; ip < 40; ip++) figures.ips.add(0, 0, 0xffff, day * 64 + ip);
          return { key, day, figures };
        }),
      });
    store.close();
  });

  test('publishes its last 400 days once: a restart only brings what Redis lacks', async () => {
    const received = async () =>
      Number(/total_net_input_bytes:(\d+)/.exec(await meeting.server.client.info('stats'))?.[1]);
    const began = await received();
    const first = await share(Date.now);
    expect((await first.days([{ id: 'key_1', tenant: '' }])).days.size).toBe(400);
    await first.stop(1_000);
    const atFirst = (await received()) - began;
    const [name] = await meeting.server.client.keys('past:*days:/key_1');
    const date = new Date((TODAY - 200) * 86_400_000).toISOString().slice(0, 10);
    expect(await meeting.server.client.hdel(name, `>${date}@past`)).toBe(1);
    const restarted = await received();
    const second = await share(Date.now);
    expect((await second.days([{ id: 'key_1', tenant: '' }])).days.get(TODAY - 200)?.requests).toBe(11);
    await second.stop(1_000);
    expect((await received()) - restarted).toBeLessThan(atFirst / 10);
  }, 60_000);

  test('publishes nothing by a clock that is wrong by hours, which would take what others have', async () => {
    await meeting.server.client.flushall();
    const sharing = await share(() => Date.now() + 2 * 3_600_000);
    expect(sharing.state.state).toBe('away');
    expect(sharing.state.error).toMatch(/the clock here is 7\d\d\d s ahead of that of Redis/);
    expect(await meeting.server.client.keys('*')).toEqual([]);
    await sharing.stop(1_000);
  }, 60_000);
});
