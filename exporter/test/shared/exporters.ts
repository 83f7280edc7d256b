import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { SHARED_DAYS } from '../../src/api/endpoints.ts';
import { type ExporterProcess, eventually, startExporter, sumOf } from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';
import type { RedisServer } from './redis-servers.ts';

/** An exporter with a log of its own, and how a test talks to it. */
export interface SharingExporter extends ExporterProcess {
  log: string;
  args: string[];
  /** Writes one request to its log. */
  request(fields?: Record<string, unknown>): void;
}

/** Starts an exporter that shares its facts. Its history is read: what comes is news. */
export async function startSharing(
  directory: string,
  instance: string,
  urls: string[],
  more: { args?: string[]; log?: string; store?: string; env?: Record<string, string> } = {},
): Promise<SharingExporter> {
  const log = more.log ?? join(directory, `${instance}.log`);
  appendFileSync(log, '');
  const args = [
    ...['--log.path', log, '--store.path', join(directory, `${more.store ?? instance}.db`)],
    ...['--instance.id', instance, ...urls.flatMap((url) => ['--shared.redis.url', url])],
    ...(urls.length > 1 ? ['--shared.redis.mode', 'cluster'] : []),
    ...['--shared.interval', '500ms', '--shared.redis.timeout', '1s', '--keys.learning', '0s'],
    ...['--metrics.zero-hold', '0s', '--store.commit-interval', '100ms', ...(more.args ?? [])],
  ];
  const exporter = await startExporter(args, { env: more.env ?? {} });
  await exporter.ready();
  return { ...exporter, log, args, request: (fields) => appendFileSync(log, requestLine(fields)) };
}

/** The value of a sample whose line begins with the name and holds every label; undefined = there is none. */
export function sample(exposition: string, name: string, ...labels: string[]): number | undefined {
  const line = exposition
    .split('\n')
    .find((text) => text.startsWith(`${name}{`) && labels.every((label) => text.includes(label)));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
}

/** The gauges of a key that exporters share, as lines. */
export function sharedLines(exposition: string, id = 'key_test'): string[] {
  const families = [
    'last_used_timestamp_seconds',
    'unique_ips',
    'last_new_ip_timestamp_seconds',
    'recent_new_ip_info',
    'last_new_surface_timestamp_seconds',
    'last_rejected_timestamp_seconds',
    'scope_last_used_timestamp_seconds',
    'requests_last_minute',
    'peak_requests_per_minute',
    'requests_today',
    'max_gap_seconds',
  ].map((family) => `atender_key_${family}{`);
  return exposition
    .split('\n')
    .filter((line) => families.some((family) => line.startsWith(family)) && line.includes(`key_id="${id}"`))
    .sort();
}

/** What an exporter answers of a key over all of them, by day; up to the UTC day `to`, '' = today. */
export async function sharedDays({ url }: SharingExporter, id = 'key_test', to = '') {
  const answer = await fetch(`${url}/api/v1/shared/${id}?to=${to}`);
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
  return SHARED_DAYS.answer.parse(JSON.parse(text)).days;
}

/** How long healing may take: a publish interval and what reconnecting takes, milliseconds. */
export const HEALED = 8_000;

/** When the last sync cycle succeeded, seconds since the epoch. */
export const lastSync = async (exporter: SharingExporter): Promise<number> =>
  sumOf(await exporter.metrics(), 'atender_exporter_shared_last_success_timestamp_seconds');

/** Waits until every exporter has begun and completed another sync cycle with Redis. */
export async function synced(exporters: SharingExporter[]): Promise<void> {
  // The first cycle to end may have begun before this call.
  for (let cycle = 0; cycle < 2; cycle++) {
    const before = await Promise.all(exporters.map(lastSync));
    await eventually(async () => {
      for (const [i, exporter] of exporters.entries())
        expect(await lastSync(exporter)).toBeGreaterThan(before[i]);
    });
  }
}

/** Waits until a second has begun that is later than this time, in seconds since the epoch. */
export const secondAfter = (time: number): Promise<void> =>
  eventually(() => expect(Date.now() / 1000).toBeGreaterThan(Math.floor(time) + 1));

/** Both exporters show so many requests and addresses, and everything else alike. */
export async function agree(exporters: SharingExporter[], requests: number, ips: number): Promise<void> {
  await eventually(async () => {
    const [a, b] = await Promise.all(exporters.map((exporter) => exporter.metrics()));
    expect(sample(a, 'atender_key_requests_today', 'key_test')).toBe(requests);
    expect(sample(a, 'atender_key_unique_ips', 'key_test', 'window="24h"')).toBe(ips);
    expect(sharedLines(a)).toEqual(sharedLines(b));
  }, HEALED);
}

/** Two exporters that share facts of 7 requests from 5 addresses. */
export async function pairOn(
  directory: string,
  servers: RedisServer[],
): Promise<[SharingExporter, SharingExporter]> {
  const urls = servers.map(({ url }) => url);
  const [a, b] = await Promise.all(['a', 'b'].map((name) => startSharing(directory, name, urls)));
  for (let i = 0; i < 4; i++) a.request({ ip: `192.0.2.${i}`, endpoint: '/v1/contacts' });
  for (let i = 2; i < 5; i++) b.request({ ip: `192.0.2.${i}`, endpoint: '/v1/deals', method: 'POST' });
  await agree([a, b], 7, 5);
  return [a, b];
}
