import { expect, test } from '@jest/globals';
import { eventually, sumOf } from '../exporter-process.ts';
import {
  HEALED,
  lastSync,
  type SharingExporter,
  sample,
  secondAfter,
  sharedLines,
  startSharing,
  synced,
} from './exporters.ts';
import { meetingPlace, startRedis } from './redis-servers.ts';

const LAST_NEW = 'atender_key_last_new_ip_timestamp_seconds';
const { directory, meeting } = meetingPlace();

const lastNew = async (exporter: SharingExporter, key: string) =>
  sample(await exporter.metrics(), LAST_NEW, `key_id="${key}"`);

/** Every value that an alert over all exporters sees until something has happened. */
async function seenByAlert(exporters: SharingExporter[], key: string, end: Promise<void>) {
  const seen = new Set<number>();
  let ended = false;
  const note = () => {
    ended = true;
  };
  end.then(note, note);
  for (let last = false; !last; ) {
    last = ended;
    const values = await Promise.all(exporters.map((exporter) => lastNew(exporter, key)));
    const newest = Math.max(0, ...values.map((value) => value ?? 0));
    if (newest > 0) seen.add(newest);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  await end;
  return [...seen];
}

/** Both exporters count so many requests today, and a sync cycle later nothing is left to learn from each other. */
async function counted(exporters: SharingExporter[], key: string, requests: number): Promise<void> {
  await eventually(async () => {
    for (const exporter of exporters)
      expect(sample(await exporter.metrics(), 'atender_key_requests_today', `key_id="${key}"`)).toBe(
        requests,
      );
  }, HEALED);
  await synced(exporters);
}

/** Two more sync cycles have failed. */
async function failedTwice(exporter: SharingExporter): Promise<void> {
  const failed = async () => sumOf(await exporter.metrics(), 'atender_exporter_shared_errors_total');
  const before = await failed();
  await eventually(async () => expect(await failed()).toBeGreaterThan(before + 1));
}

test('an address that one exporter has seen is not new on another, not for a moment, not after a restart and not after FLUSHALL', async () => {
  const [a, b] = await Promise.all(
    ['a', 'b'].map((name) => startSharing(directory.path, name, [meeting.server.url])),
  );
  const key = { keyId: 'key_known', ip: '192.0.2.77' };
  a.request(key);
  await eventually(async () => expect(await lastNew(b, 'key_known')).toBeGreaterThan(0), 5_000);
  const noticed = (await lastNew(a, 'key_known'))!;
  await secondAfter(noticed);
  b.request(key);
  expect(await seenByAlert([a, b], 'key_known', counted([a, b], 'key_known', 2))).toEqual([noticed]);
  // Counted it has been, on both.
  expect(sample(await a.metrics(), 'atender_key_requests_today', 'key_known')).toBe(2);

  await b.end('SIGKILL');
  const { client } = meeting.server;
  await client.flushall();
  // What is known nowhere but in its own store, b would show.
  await eventually(async () => expect(await client.keys('*firsts:/key_known')).toHaveLength(1), HEALED);
  const again = await startSharing(directory.path, 'b', [meeting.server.url]);
  expect(await seenByAlert([a, again], 'key_known', synced([a, again]))).toEqual([noticed]);
  expect(sharedLines(await again.metrics(), 'key_known')).toEqual(
    sharedLines(await a.metrics(), 'key_known'),
  );
}, 60_000);

test('an address first seen by two exporters at once is new once', async () => {
  const exporters = await Promise.all(
    ['c', 'd'].map((name) => startSharing(directory.path, name, [meeting.server.url])),
  );
  const now = new Date().toISOString();
  for (const exporter of exporters)
    exporter.request({ timestamp: now, keyId: 'key_both', ip: '198.51.100.9' });
  const seen = await seenByAlert(exporters, 'key_both', counted(exporters, 'key_both', 2));
  // Which of the two was first may become known a turn later; an alert of 15 minutes is one all the same.
  expect(Math.max(...seen) - Math.min(...seen)).toBeLessThan(2);
  const [c, d] = await Promise.all(exporters.map((exporter) => exporter.metrics()));
  expect(sharedLines(c, 'key_both')).toEqual(sharedLines(d, 'key_both'));
  expect(c.match(/atender_key_recent_new_ip_info\{key_id="key_both".*/g)).toEqual([
    'atender_key_recent_new_ip_info{key_id="key_both",ip="198.51.100.0/24"} 1',
  ]);
  expect(sample(c, 'atender_key_unique_ips', 'key_both', 'window="1h"')).toBe(1);
}, 60_000);

test('a line that comes late does not make an address new again, though it was there first', async () => {
  const [e, f] = await Promise.all(
    ['e', 'f'].map((name) => startSharing(directory.path, name, [meeting.server.url])),
  );
  e.request({ keyId: 'key_late', ip: '203.0.113.5' });
  await eventually(async () => expect(await lastNew(f, 'key_late')).toBeGreaterThan(0), 5_000);
  const noticed = (await lastNew(e, 'key_late'))!;
  await secondAfter(noticed);
  const earlier = new Date(Date.now() - 3_600_000).toISOString();
  f.request({ timestamp: earlier, keyId: 'key_late', ip: '203.0.113.5' });
  expect(await seenByAlert([e, f], 'key_late', counted([e, f], 'key_late', 2))).toEqual([noticed]);
}, 60_000);

test('an address or surface learnt silently by one exporter is not new when another notices it later', async () => {
  const silent = ['--keys.learning', '1d'];
  const [g, h] = await Promise.all([
    startSharing(directory.path, 'g', [meeting.server.url], { args: silent }),
    startSharing(directory.path, 'h', [meeting.server.url]),
  ]);
  g.request({ keyId: 'key_learnt', ip: '192.0.2.1' });
  await eventually(
    async () =>
      expect(sample(await h.metrics(), 'atender_key_unique_ips', 'key_learnt', 'window="1h"')).toBe(1),
    HEALED,
  );
  // In another second than the first: addresses are told apart by whole ones.
  await secondAfter(Date.now() / 1000);
  h.request({ keyId: 'key_learnt', ip: '192.0.2.1' });
  expect(await seenByAlert([g, h], 'key_learnt', counted([g, h], 'key_learnt', 2))).toEqual([]);
  for (const exporter of [g, h]) {
    const text = await eventually(async () => {
      const metrics = await exporter.metrics();
      expect(sample(metrics, 'atender_key_requests_today', 'key_learnt')).toBe(2);
      return metrics;
    }, HEALED);
    expect(sample(text, 'atender_key_last_new_surface_timestamp_seconds', 'key_learnt')).toBeUndefined();
  }
}, 60_000);

test('an address that the others have judged does not become new because Redis goes away', async () => {
  const other = await startRedis();
  const [i, j] = await Promise.all(['i', 'j'].map((name) => startSharing(directory.path, name, [other.url])));
  const key = { keyId: 'key_away', ip: '192.0.2.9' };
  i.request(key);
  await eventually(async () => expect(await lastNew(j, 'key_away')).toBeGreaterThan(0), 5_000);
  const noticed = (await lastNew(i, 'key_away'))!;
  await secondAfter(noticed);
  j.request(key);
  const requested = Date.now() / 1000;
  expect(await seenByAlert([i, j], 'key_away', counted([i, j], 'key_away', 2))).toEqual([noticed]);
  // What j noticed within 1.5 s (an interval and a second) of its last cycle it would announce without Redis.
  await eventually(async () => expect(await lastSync(j)).toBeGreaterThan(requested + 2));
  await other.kill();
  await eventually(async () => expect(await j.metrics()).toMatch(/^atender_exporter_shared_up 0$/m));
  expect(await seenByAlert([i, j], 'key_away', failedTwice(j))).toEqual([noticed]);
  // What it notices meanwhile it announces: nobody can tell that it is known.
  j.request({ ...key, ip: '198.51.100.200' });
  await eventually(async () => expect(await lastNew(j, 'key_away')).toBeGreaterThan(noticed));
}, 60_000);
