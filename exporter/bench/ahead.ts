import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LineAccount } from '../src/ingest/line-account.ts';
import { ParseAhead } from '../src/ingest/parse-ahead.ts';
import { SourceCounters } from '../src/log/counters.ts';
import { readToEnd } from '../src/log/read-to-end.ts';
import { DEFAULT_FIELDS } from '../src/parse/format.ts';
import { Usage } from '../src/usage/usage.ts';
import { BYTES_PER_LINE, benchLog } from './log-file.ts';
import { NO_KEYS, USAGE_OPTIONS } from './usage-options.ts';

/**
 * `npm run build && tsx exporter/bench/ahead.ts`: nanoseconds a line from reading to account, with one thread and
 * with a second one that parses ahead; by blocks, of which the fastest tell what the work takes while nobody else
 * has the cores.
 */
const ROUNDS = Number(process.argv[2] ?? 3);
const BLOCK = 1 << 20;
const log = benchLog(join(tmpdir(), 'atender-bench'), {
  lines: 1_000_000,
  keys: 200,
  endpointsPerKey: 10,
  ipsPerKey: 20,
});
const format = {
  format: 'json',
  container: 'none',
  fields: DEFAULT_FIELDS,
  endpoints: [],
  maxLineBytes: 65_536,
} as const;
const registry = { ...NO_KEYS, scopeOf: () => 'contacts:read' };

async function blockTimes(ahead: ParseAhead | undefined): Promise<number[]> {
  const usage = new Usage(USAGE_OPTIONS, registry, Date.now);
  const counters = new SourceCounters();
  const lines = new LineAccount([{ name: 'bench', format }], usage, counters, undefined, undefined, ahead);
  const times: number[] = [];
  let last = performance.now();
  let read = 0;
  await readToEnd(log, lines, {
    ...{ file: { id: 1, source: 'bench' }, maxLineBytes: format.maxLineBytes, counters, blockBytes: BLOCK },
    onProgress: (done) => {
      const now = performance.now();
      times.push(((now - last) / (done - read)) * BYTES_PER_LINE * 1e6);
      last = now;
      read = done;
    },
  });
  return times;
}

const all: Record<string, number[]> = { 'one thread': [], 'parsing ahead': [] };
const ahead = new ParseAhead(new URL('../dist/parse-thread.js', import.meta.url));
for (let round = 0; round < ROUNDS; round++) {
  all['one thread'].push(...(await blockTimes(undefined)).slice(20));
  all['parsing ahead'].push(...(await blockTimes(ahead)).slice(20));
}
await ahead.close();
for (const [name, times] of Object.entries(all)) {
  times.sort((a, b) => a - b);
  const at = (share: number): string => times[Math.floor(times.length * share)].toFixed(0).padStart(6);
  console.log(
    `${name.padEnd(14)} ns a line: fastest ${at(0)}, of twenty ${at(0.05)}, of ten ${at(0.1)}, median ${at(0.5)}`,
  );
}
