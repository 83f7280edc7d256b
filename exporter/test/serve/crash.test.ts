import { appendFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import {
  endLeftovers,
  eventually,
  freePort,
  runCommand,
  startExporter,
  sumOf,
  temporaryDirectory,
} from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';

/** 8 kills in the normal run, 200 in `npm run test:long`. */
const KILLS = Number(process.env.ATENDER_TEST_KILLS ?? 8);
/** A seed makes a failing run repeatable: the moments of the kills and the rotations follow from it. */
const SEED = Number(process.env.ATENDER_TEST_SEED ?? Date.now() % 100_000);

afterEach(endLeftovers);

test(
  `after ${KILLS} kill -9 at random moments, with lines written and files rotated all the while, every total equals the lines written (seed ${SEED})`,
  async () => {
    const directory = temporaryDirectory();
    const log = join(directory.path, 'requests.log');
    const random = seeded(SEED);
    const port = await freePort();
    const args = [
      ...['--log.path', log, '--store.path', join(directory.path, 'exporter.db')],
      ...['--metrics.zero-hold', '0s', '--log.level', 'warn'],
    ];
    appendFileSync(log, '');
    const first = await startExporter(args, { port });
    await first.ready();
    await first.end('SIGKILL');
    const written = { total: 0, forbidden: 0, bytes: 0, seconds: 0, newest: 0 };
    let rotations = 0;
    let writing = true;
    const writer = (async () => {
      while (writing) {
        let lines = '';
        const count = 1 + Math.floor(random() * 400);
        for (let i = 0; i < count; i++) {
          const status = random() < 0.1 ? 403 : 200;
          const now = Date.now();
          lines += requestLine({
            timestamp: now,
            keyId: `key_${written.total % 7}`,
            endpoint: `/v1/contacts/${written.total}`,
            status,
            bytes: 10,
            durationMs: 250,
          });
          written.total++;
          written.bytes += 10;
          written.newest = now / 1000;
          if (status === 403) written.forbidden++;
        }
        // Half the time a line is cut in two writes, so that kills meet partial lines.
        const cut = random() < 0.5 ? Math.floor(random() * lines.length) : lines.length;
        appendFileSync(log, lines.slice(0, cut));
        await wait(random() * 20);
        appendFileSync(log, lines.slice(cut));
        if (random() < 0.05) {
          for (let n = rotations; n >= 1; n--) renameSync(`${log}.${n}`, `${log}.${n + 1}`);
          renameSync(log, `${log}.1`);
          appendFileSync(log, '');
          rotations++;
        }
      }
    })();

    for (let kill = 0; kill < KILLS; kill++) {
      const exporter = await startExporter(args, { port });
      // From before the store is open to well into the reading.
      await wait(150 + random() * 1_500);
      await exporter.end('SIGKILL');
    }
    writing = false;
    await writer;

    const exporter = await startExporter(args, { port });
    await exporter.ready();
    await eventually(async () => {
      const text = await exporter.metrics();
      expect({
        total: sumOf(text, 'atender_requests_total'),
        forbidden: sumOf(text, 'atender_requests_total', 'status="403"'),
        endpoints: sumOf(text, 'atender_endpoint_requests_total'),
        durations: sumOf(text, 'atender_request_duration_seconds_count'),
        seconds: sumOf(text, 'atender_request_duration_seconds_sum'),
        bytes: sumOf(text, 'atender_response_bytes_total'),
        lines: sumOf(text, 'atender_exporter_lines_total'),
        rejected: sumOf(text, 'atender_exporter_lines_rejected_total'),
        lost: sumOf(text, 'atender_exporter_bytes_lost_total'),
      }).toEqual({
        total: written.total,
        forbidden: written.forbidden,
        endpoints: written.total,
        durations: written.total,
        seconds: written.total * 0.25,
        bytes: written.bytes,
        lines: written.total,
        rejected: 0,
        lost: 0,
      });
    }, 20_000);
    const text = await exporter.metrics();
    const lastUsed = text.match(/atender_key_last_used_timestamp_seconds\{[^}]*\} \S+/g) ?? [];
    expect(Math.max(...lastUsed.map((line) => Number(line.split(' ').at(-1))))).toBeCloseTo(
      written.newest,
      2,
    );
    expect(await exporter.end('SIGTERM')).toBe(0);
    const store = args.slice(args.indexOf('--store.path')).slice(0, 2);
    const { stdout } = await runCommand(['usage', '--by', 'year', ...store]);
    const years = JSON.parse(stdout) as { requests: number; forbidden: number; bytes: number }[];
    const sum = (of: 'requests' | 'forbidden' | 'bytes') => years.reduce((all, year) => all + year[of], 0);
    expect([sum('requests'), sum('forbidden'), sum('bytes')]).toEqual([
      ...[written.total, written.forbidden, written.bytes],
    ]);
    directory.remove();
  },
  60_000 + KILLS * 5_000,
);

/** Mulberry32: a small repeatable source of numbers in [0, 1). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
