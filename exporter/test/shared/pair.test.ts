import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { endLeftovers, eventually, runCommand, sumOf, temporaryDirectory } from '../exporter-process.ts';
import { HEALED, sample, sharedLines, startSharing } from './exporters.ts';
import { endRedisServers, type RedisServer, startRedis } from './redis-servers.ts';

const directory = temporaryDirectory();
let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterEach(endLeftovers);
afterAll(() => {
  endRedisServers();
  directory.remove();
});

const totals = async (key: string): Promise<Record<string, string>> => {
  const [name] = await server.client.keys(`*totals:/${key}`);
  return server.client.hgetall(name);
};

test('two exporters with one instance.id on the same files double no fact, and either one killed at any time loses nothing', async () => {
  const log = join(directory.path, 'pair.log');
  const start = (store: string) =>
    startSharing(directory.path, 'pair', [server.url], { log, store, args: ['--log.level', 'info'] });
  const pair = [await start('left'), await start('right')];
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
  for (let kill = 0; kill < 4; kill++) {
    const side = kill % 2;
    write(5);
    await wait(kill * 150);
    await pair[side].end('SIGKILL');
    write(5);
    pair[side] = await start(side === 0 ? 'left' : 'right');
  }
  await right(60, 50);
  const day = new Date().toISOString().slice(0, 10);
  expect((await totals('key_pair'))[`>requests:${day}@pair`]).toBe('60');
}, 60_000);

test('an instance that is gone is forgotten: its totals are kept, once, and it cannot publish again', async () => {
  const stays = await startSharing(directory.path, 'stays', [server.url]);
  const goes = await startSharing(directory.path, 'goes', [server.url]);
  for (let i = 0; i < 3; i++) stays.request({ keyId: 'key_gone' });
  for (let i = 0; i < 4; i++) goes.request({ keyId: 'key_gone' });
  const day = new Date().toISOString().slice(0, 10);
  await eventually(async () =>
    expect(await totals('key_gone')).toEqual({
      [`>requests:${day}@stays`]: '3',
      [`>requests:${day}@goes`]: '4',
    }),
  );
  const forget = (instance: string) =>
    runCommand(['shared', 'forget', instance, '--shared.redis.url', server.url]);
  const alive = await forget('goes');
  expect(alive.code).toBe(1);
  expect(alive.stderr).toMatch(/published \d+ s ago; stop it, wait a minute/);
  expect((await forget('nobody')).stderr).toMatch(/there is no instance nobody; known are .*stays/);

  await goes.end('SIGTERM');
  // The minute that has to pass.
  await server.client.zadd('atender:instances', Math.floor(Date.now() / 1000) - 120, 'goes');
  const gone = await forget('goes');
  expect([gone.code, gone.stdout]).toEqual([
    0,
    'instance goes is forgotten; 1 of its totals were added to the retired ones\n',
  ]);
  const kept = { [`>requests:${day}@stays`]: '3', [`>requests:${day}@`]: '4' };
  expect(await totals('key_gone')).toEqual(kept);
  expect((await forget('goes')).stdout).toMatch(/; 0 of its totals/);
  expect(await totals('key_gone')).toEqual(kept);

  const back = await startSharing(directory.path, 'goes', [server.url]);
  await eventually(() => expect(back.output()).toMatch(/instance goes was forgotten.*another instance.id/));
  expect(await totals('key_gone')).toEqual(kept);
  expect(await back.metrics()).toMatch(/^atender_exporter_shared_up 0$/m);
}, 60_000);

test('what was counted before SIGTERM is published before the end: there may be no next start', async () => {
  const args = ['--shared.interval', '30s'];
  const exporter = await startSharing(directory.path, 'short', [server.url], { args });
  await eventually(async () => expect(await exporter.metrics()).toMatch(/^atender_exporter_shared_up 1$/m));
  for (let i = 0; i < 3; i++) exporter.request({ keyId: 'key_short' });
  await eventually(async () =>
    expect(sample(await exporter.metrics(), 'atender_key_requests_today', 'key_short')).toBe(3),
  );
  expect(await server.client.keys('*totals:/key_short')).toEqual([]);
  const began = Date.now();
  expect(await exporter.end('SIGTERM')).toBe(0);
  expect(Date.now() - began).toBeLessThan(5_000);
  expect(Object.values(await totals('key_short'))).toEqual(['3']);
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
