import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { readManifest } from '../src/record/manifest.ts';
import { progressBar } from '../src/record/progress.ts';
import { COMMAND, startExporter, sumOf } from '../test/exporter-process.ts';
import { benchLog, type LogShape } from './log-file.ts';
import { childCpuSeconds, cpuSeconds, median, timed } from './process.ts';

/**
 * `npm run bench:archive`: what the archive costs while lines are read, its size at rest, and (with --search) how long
 * a search of 90 days takes. On and off alternate over the same file.
 */
const { values: options } = parseArgs({
  options: {
    lines: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '3' },
    directory: { type: 'string', default: join(tmpdir(), 'atender-bench') },
    /** Requests of the generated 90 days; 0 = none. */
    search: { type: 'string', default: '0' },
    /** Where those are kept for further runs. */
    generated: { type: 'string', default: join(tmpdir(), 'atender-bench-archive') },
  },
});
const LINES = Number(options.lines);
const SHAPE: LogShape = { lines: LINES, keys: 200, endpointsPerKey: 10, ipsPerKey: 20 };
const work = mkdtempSync(join(tmpdir(), 'atender-bench-archive-run-'));
const rows: [string, string, string][] = [];

async function endToEnd(): Promise<void> {
  const log = benchLog(options.directory, SHAPE);
  const seconds: Record<'off' | 'on' | 'sealed', number[]> = { off: [], on: [], sealed: [] };
  const processor: Record<'off' | 'on' | 'sealing', number[]> = { off: [], on: [], sealing: [] };
  let bytes = 0;
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const archive of ['off', 'on'] as const) {
      const directory = join(work, `${round}-${archive}`);
      const root = join(directory, 'record');
      mkdirSync(directory);
      const args = ['--log.path', log, '--store.path', join(directory, 'exporter.db'), '--log.level', 'warn'];
      args.push('--record.archive', archive, '--record.path', root, '--record.seal-every', '1s');
      const started = performance.now();
      const since = (): number => (performance.now() - started) / 1000;
      const exporter = await startExporter(args);
      const all = async () =>
        sumOf(await exporter.metrics().catch(() => ''), 'atender_exporter_lines_total') >= LINES;
      await until(all, `reading: ${exporter.output()}`);
      seconds[archive].push(since());
      processor[archive].push(cpuSeconds(exporter.pid));
      if (archive === 'on') {
        const sealed = () => [...readManifest(root).files.values()].reduce((sum, file) => sum + file.rows, 0);
        await until(async () => sealed() >= LINES, 'sealing');
        seconds.sealed.push(since());
        bytes = sizeOf(root);
        // The process that sealed ends a moment later.
        await wait(1_000);
        processor.sealing.push(childCpuSeconds(exporter.pid));
      }
      await exporter.end('SIGTERM');
      rmSync(directory, { recursive: true });
    }
  }
  const rate = (of: number[]): string => `${Math.round(LINES / median(of)).toLocaleString('en-US')} lines/s`;
  rows.push(['`serve` to the last committed line, archive off', rate(seconds.off), '']);
  rows.push(['`serve` to the last committed line, archive on', rate(seconds.on), '≥ 400,000 lines/s']);
  rows.push(['`serve` to the last line in Parquet', rate(seconds.sealed), '']);
  const each = (of: number[]): string => `${(median(of) / (LINES / 1e6)).toFixed(2)} s`;
  rows.push(['processor time a million lines, archive off', each(processor.off), '']);
  rows.push(['processor time a million lines, archive on, without sealing', each(processor.on), '']);
  rows.push(['processor time to seal a million lines', each(processor.sealing), '']);
  rows.push(['bytes a request at rest, bench log', (bytes / LINES).toFixed(1), '≤ 20']);
}

/** 90 days by DuckDB in the archive's own layout, as compaction leaves it: one file a day, sorted by key. */
async function generate(root: string, requests: number): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: '4GiB',
    preserve_insertion_order: 'true',
  });
  const connection = await instance.connect();
  const first = Math.floor(Date.now() / 86_400_000) - 90;
  const aDay = Math.floor(requests / 90);
  const entries: string[] = [];
  const bar = progressBar(process.stderr, 'generating');
  for (let day = 0; day < 90; day++) {
    const name = new Date((first + day) * 86_400_000).toISOString().slice(0, 10);
    const path = `requests/class=90/day=${name}/d.parquet`;
    mkdirSync(join(root, path, '..'), { recursive: true });
    await connection.run(
      `COPY (SELECT epoch_ms((${(first + day) * 86_400_000} + random() * 86399999)::BIGINT)::TIMESTAMP_MS AS time,
          'key_' || lpad(k::VARCHAR, 4, '0') AS key_id, 'acme' AS tenant_id,
          CASE WHEN e % 3 = 0 THEN 'POST' ELSE 'GET' END AS method, '/v1/contacts/:id/list' || e AS endpoint,
          [200,200,200,200,200,201,204,404,422,429,500][1 + (random() * 11)::INT % 11]::USMALLINT AS status,
          '10.' || (k % 200) || '.' || (r * 8 % 8)::INT || '.' || (r * 2000 % 250)::INT AS ip,
          (5 + random() * 400)::FLOAT AS duration_ms, (random() * 5000)::UINTEGER AS response_bytes,
          'client/' || (k % 50) AS user_agent, 'req_' || substr(md5(random()::VARCHAR), 1, 16) AS request_id
        FROM (SELECT (random() * 1000)::INT % 1000 AS k, (random() * 40)::INT AS e, random() AS r FROM range(${aDay}))
        ORDER BY key_id, tenant_id, time) TO '${join(root, path)}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 61440)`,
    );
    entries.push(path);
    bar.at(day + 1, 90);
  }
  bar.end();
  connection.closeSync();
  instance.closeSync();
  // Only what a search looks at: an archive generated like this cannot be verified.
  const added = entries.map((path) => ({
    path,
    sha256: '0'.repeat(64),
    bytes: 0,
    rows: aDay,
    first: 0,
    last: 0,
  }));
  const line = { number: 1, at: new Date().toISOString(), change: 'sealed', added, removed: [] };
  writeFileSync(join(root, 'manifest.jsonl'), `${JSON.stringify({ ...line, previous: '0'.repeat(64) })}\n`);
}

async function searching(requests: number): Promise<void> {
  const root = join(options.generated, String(requests));
  if (readManifest(root).files.size !== 90) await generate(root, requests);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const files = `'${root}/requests/*/*/*.parquet'`;
  // An address that the key really has.
  const [[ip]] = (
    await connection.runAndReadAll(
      `SELECT any_value(ip) FROM ${files} WHERE key_id = 'key_0123' AND day = (SELECT max(day) FROM ${files})`,
    )
  ).getRows() as [string][];
  const questions: Record<string, string[]> = {
    'one key and one address': ['--key', 'key_0123', '--ip', ip],
    'one key and a /20': ['--key', 'key_0123', '--ip', `${ip}/20`],
    'one address, any key': ['--ip', ip],
    'one key, its newest 1,000': ['--key', 'key_0123', '--limit', '1000'],
  };
  const size = sizeOf(root);
  rows.push([
    `${requests.toLocaleString('en-US')} requests in 90 days, at rest`,
    `${(size / 1e9).toFixed(2)} GB, ${(size / requests).toFixed(1)} bytes each`,
    '',
  ]);
  for (const [what, args] of Object.entries(questions)) {
    const runs: { seconds: number; stdout: string }[] = [];
    for (let round = 0; round < 3; round++)
      runs.push(
        await timed(process.execPath, [
          COMMAND,
          'audit',
          'search',
          '--record.path',
          root,
          '--store.path',
          join(root, 'none.db'),
          ...args,
        ]),
      );
    const found = runs[0].stdout.split('\n').length - 1;
    const seconds = median(runs.map((run) => run.seconds));
    rows.push([
      `search of these: ${what} (${found.toLocaleString('en-US')} found)`,
      `${seconds.toFixed(2)} s`,
      '',
    ]);
  }
}

const sizeOf = (root: string): number =>
  readdirSync(join(root, 'requests'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

async function until(done: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 300_000;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await wait(20);
  }
}

console.error(`bench: ${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.version}`);
if (LINES > 0) await endToEnd();
if (Number(options.search) > 0) await searching(Number(options.search));
rmSync(work, { recursive: true, force: true });
console.log('| figure | measured | target |\n| --- | --- | --- |');
for (const [figure, value, target] of rows) console.log(`| ${figure} | ${value} | ${target} |`);
