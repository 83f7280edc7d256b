import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  endLeftovers,
  eventually,
  freePort,
  startExporter,
  temporaryDirectory,
} from '../exporter-process.ts';
import { requestLine, writeRequests } from '../log-lines.ts';
import { type Prometheus, scraping, startPrometheus } from '../prometheus.ts';

let directory: { path: string; remove: () => void };
let log: string;
let args: string[];
const servers: Prometheus[] = [];

beforeEach(() => {
  directory = temporaryDirectory();
  log = join(directory.path, 'requests.log');
  writeFileSync(log, '');
  args = ['--log.path', log, '--store.path', join(directory.path, 'exporter.db'), '--log.level', 'warn'];
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  endLeftovers();
  directory.remove();
});

async function prometheus(target: string): Promise<Prometheus> {
  const server = await startPrometheus(scraping([target]));
  servers.push(server);
  return server;
}

test('scraped every second across a kill and a restart, the raw sample differences add up to the lines written', async () => {
  const port = await freePort();
  const withoutHold = [...args, '--metrics.zero-hold', '0s'];
  writeRequests(log, 1);
  let exporter = await startExporter(withoutHold, { port });
  await exporter.ready();
  const server = await prometheus(`127.0.0.1:${port}`);
  const samples = 'sum(atender_requests_total)';
  let written = 1;
  const write = () => {
    const count = 50 + (written % 7);
    writeRequests(log, count);
    written += count;
  };
  const scraped = () => eventually(async () => expect(await server.value(samples)).toBe(written), 20_000);
  await scraped();
  for (let scrape = 0; scrape < 3; scrape++) {
    write();
    await scraped();
  }
  write();
  await exporter.end('SIGKILL');
  write();
  await eventually(async () => expect(await server.value('up')).toBe(0));
  write();
  exporter = await startExporter(withoutHold, { port });
  write();
  await scraped();
  write();
  await scraped();
  const values = await server.samples('atender_requests_total{status="200"}[5m]');
  const differences = values.slice(1).map((value, i) => value - values[i]);
  expect(differences.every((difference) => difference >= 0)).toBe(true);
  expect(differences.reduce((sum, difference) => sum + difference, values[0])).toBe(written);
});

test("a brand-new key's first 403s are all seen by increase(), by two Prometheus servers and beside a person with curl", async () => {
  const exporter = await startExporter([...args, '--metrics.zero-hold', '8s']);
  await exporter.ready();
  const pair = [await prometheus(new URL(exporter.url).host), await prometheus(new URL(exporter.url).host)];
  for (const server of pair)
    await eventually(async () => expect(await server.value('count_over_time(up[1m])')).toBeGreaterThan(1));
  appendFileSync(log, requestLine({ keyId: 'key_new', status: 403 }).repeat(6));
  const series = 'atender_requests_total{key_id="key_new",status="403"}';
  for (const server of pair)
    await eventually(async () => {
      await exporter.metrics();
      const values = await server.samples(`${series}[1m]`);
      expect([values[0], values.at(-1)]).toEqual([0, 6]);
      const increase = await server.value(`increase(${series}[1m])`);
      expect(increase).toBeGreaterThanOrEqual(6);
      expect(increase).toBeLessThan(9);
    }, 30_000);
});

test('a key that was held back is shown at its value after the hold, also when it was killed in between', async () => {
  const port = await freePort();
  const held = [...args, '--metrics.zero-hold', '2s'];
  let exporter = await startExporter(held, { port });
  await exporter.ready();
  appendFileSync(log, requestLine({ keyId: 'key_new' }).repeat(3));
  const shown = async () => /key_id="key_new",status="200"[^}]*\} (\d+)/.exec(await exporter.metrics())?.[1];
  await eventually(async () => expect(await shown()).toBe('0'));
  await exporter.end('SIGKILL');
  exporter = await startExporter(held, { port });
  await exporter.ready();
  expect(await shown()).toBe('0');
  await eventually(async () => expect(await shown()).toBe('3'), 6_000);
});
