import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { eventually, runCommand, sumOf } from '../exporter-process.ts';
import { HEALED, sample, sharedDays, sharedLines, startSharing } from './exporters.ts';
import { meetingPlace, startRedis } from './redis-servers.ts';

const { directory, meeting } = meetingPlace();

/** Requests by instance, of today. */
const byInstance = async (key: string): Promise<Record<string, number>> => {
  const [name] = await meeting.server.client.keys(`*days:/${key}`);
  const days = Object.entries(await meeting.server.client.hgetall(name ?? ''));
  return Object.fromEntries(days.map(([day, value]) => [day.slice(12), Number.parseInt(value, 10)]));
};

test('two exporters with one instance.id on the same files double no fact, and either one killed at any time loses nothing', async () => {
  const log = join(directory.path, 'pair.log');
  const start = (store: string) =>
    startSharing(directory.path, 'pair', [meeting.server.url], { log, store, args: ['--log.level', 'info'] });
  const pair = await Promise.all([start('left'), start('right')]);
  let written = 0;
  const write = (count: number) => {
    for (let i = 0; i < count; i++) pair[0].request({ keyId: 'key_pair', ip: `192.0.2.${written++ % 50}` });
  };
  const right = (requests: number, ips: number) =>
    eventually(async () => {
      const texts = await Promise.all(pair.map((exporter) => exporter.metrics()));
      for (const text of texts) {
        expect(sample(text, 'atender_key_requests_today', 'key_pair')).toBe(requests);
        expect(sample(text, 'atender_key_unique_ips', 'key_pair', 'window="1h"')).toBe(ips);
        // What the README's query takes of a pair: the greater, which is the one that has read more.
        expect(sumOf(text, 'atender_requests_total', 'key_pair')).toBe(requests);
      }
      expect(sharedLines(texts[0], 'key_pair')).toEqual(sharedLines(texts[1], 'key_pair'));
    }, HEALED);
  write(20);
  await right(20, 20);
  const shows = (side: number) => async () =>
    expect(sample(await pair[side].metrics(), 'atender_key_requests_today', 'key_pair')).toBe(written);
  const published = async () => expect(await byInstance('key_pair')).toEqual({ pair: written });
  // One before it counts a line, the other once it shows it, and both at once when Redis has it.
  for (const [moment, sides] of [
    [() => {}, [0]],
    [shows(1), [1]],
    [published, [0, 1]],
  ] as const) {
    write(5);
    await eventually(moment, HEALED);
    await Promise.all(sides.map((side) => pair[side].end('SIGKILL')));
    write(5);
    const back = await Promise.all(sides.map((side) => start(side === 0 ? 'left' : 'right')));
    for (const [i, side] of sides.entries()) pair[side] = back[i];
  }
  write(10);
  await right(60, 50);
  await eventually(async () => expect(await byInstance('key_pair')).toEqual({ pair: 60 }));
  for (const exporter of pair)
    expect(await sharedDays(exporter, 'key_pair')).toMatchObject([
      { requests: 60, uniqueIps: { count: 50, approximate: false } },
    ]);
}, 60_000);

test('an instance that is gone is forgotten: its days are kept, once, and it cannot publish again', async () => {
  const stays = await startSharing(directory.path, 'stays', [meeting.server.url]);
  const goes = await startSharing(directory.path, 'goes', [meeting.server.url]);
  for (let i = 0; i < 3; i++) stays.request({ keyId: 'key_gone' });
  for (let i = 0; i < 4; i++) goes.request({ keyId: 'key_gone' });
  const kept = { stays: 3, goes: 4 };
  await eventually(async () => expect(await byInstance('key_gone')).toEqual(kept));
  const forget = (instance: string) =>
    runCommand(['shared', 'forget', instance, '--shared.redis.url', meeting.server.url]);
  const alive = await forget('goes');
  expect(alive.code).toBe(1);
  expect(alive.stderr).toMatch(/published \d+ s ago; stop it, wait a minute/);
  expect((await forget('nobody')).stderr).toMatch(/there is no instance nobody; known are .*stays/);

  await goes.end('SIGTERM');
  // The minute that has to pass.
  await meeting.server.client.zadd('atender:1:instances', Math.floor(Date.now() / 1000) - 120, 'goes');
  const gone = await forget('goes');
  const said = 'instance goes is forgotten; what it counted by day is kept\n';
  expect([gone.code, gone.stdout]).toEqual([0, said]);
  expect((await forget('goes')).stdout).toBe(said);
  expect(await sharedDays(stays, 'key_gone')).toMatchObject([{ requests: 7 }]);

  const back = await startSharing(directory.path, 'goes', [meeting.server.url]);
  await eventually(() => expect(back.output()).toMatch(/instance goes was forgotten.*another instance.id/));
  expect(await byInstance('key_gone')).toEqual(kept);
  expect(await back.metrics()).toMatch(/^atender_exporter_shared_up 0$/m);
  // Its store under another name is no way around that.
  await back.end('SIGTERM');
  const renamed = await startSharing(directory.path, 'new', [meeting.server.url], { store: 'goes' });
  await eventually(() => expect(renamed.output()).toMatch(/instance goes was forgotten.*an empty store/));
}, 60_000);

test('what was counted before SIGTERM is published before the end: there may be no next start', async () => {
  const args = ['--shared.interval', '30s'];
  const batches = async () => (await meeting.server.client.keys('*:published:*')).sort();
  const before = await batches();
  const exporter = await startSharing(directory.path, 'short', [meeting.server.url], { args });
  await eventually(async () => expect(await exporter.metrics()).toMatch(/^atender_exporter_shared_up 1$/m));
  for (let i = 0; i < 3; i++) exporter.request({ keyId: 'key_short' });
  await eventually(async () =>
    expect(sample(await exporter.metrics(), 'atender_key_requests_today', 'key_short')).toBe(3),
  );
  expect(await meeting.server.client.keys('*days:/key_short')).toEqual([]);
  const began = Date.now();
  expect(await exporter.end('SIGTERM')).toBe(0);
  expect(Date.now() - began).toBeLessThan(5_000);
  expect(await byInstance('key_short')).toEqual({ short: 3 });
  // Numbers of batches that nobody asks for any more would pile up with every start.
  expect(await batches()).toEqual(before);
}, 60_000);

test('a stop waits for no Redis that does not answer', async () => {
  const other = await startRedis();
  const exporter = await startSharing(directory.path, 'stuck', [other.url]);
  await eventually(async () => expect(await exporter.metrics()).toMatch(/^atender_exporter_shared_up 1$/m));
  other.signal('SIGSTOP');
  exporter.request();
  const began = Date.now();
  expect(await exporter.end('SIGTERM')).toBe(0);
  expect(Date.now() - began).toBeLessThan(5_000);
}, 60_000);
