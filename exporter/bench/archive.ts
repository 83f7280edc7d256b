import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { readManifest } from '../src/record/manifest.ts';
import { progressBar } from '../src/record/progress.ts';
import { COMMAND } from '../test/exporter-process.ts';
import { catchUp } from './harness/exporter.ts';
import { number } from './harness/options.ts';
import { childProcessorSeconds, measuredCommand, processorSeconds } from './harness/process.ts';
import { alternating } from './harness/rounds.ts';
import { hundredths, spread, whole } from './harness/statistics.ts';
import { type Run, runSuite } from './harness/suite.ts';
import { benchLog } from './log-file.ts';

const OPTIONS = {
  lines: number(2_000_000, 20_000, 'lines of the log that reading reads'),
  requests: number(100_000_000, 90_000, 'requests in the 90 days that search searches'),
};
type ArchiveRun = Run<typeof OPTIONS>;
const DAYS = 90;

await runSuite({
  script: 'bench:archive',
  about:
    'What the archive costs while lines are read, its size at rest, and how long a search of 90 days takes. ' +
    'The days are generated once, which takes minutes, and kept.',
  options: OPTIONS,
  benchmarks: { reading, search },
  onDemand: ['search'],
});

/** `serve` with and without the archive over the same log. */
async function reading(run: ArchiveRun): Promise<void> {
  const { lines } = run.options;
  const log = benchLog(run.inputs, { lines, keys: 200, endpointsPerKey: 10, ipsPerKey: 20 });
  const { off, on } = await alternating(run.rounds, {
    off: () => readOnce(run, log, 'off'),
    on: () => readOnce(run, log, 'on'),
  });
  run.keep('reading', { off, on });
  const rate = (seconds: number[]) =>
    spread(
      seconds.map((one) => lines / one),
      whole,
      'lines/s',
    );
  const perMillion = (seconds: number[]) =>
    spread(
      seconds.map((one) => one / (lines / 1e6)),
      hundredths,
      's',
    );
  const of = (name: keyof Reading, runs: Reading[]) => runs.map((one) => one[name]);
  run.figure('`serve` to the last committed line, archive off', rate(of('seconds', off)));
  run.figure('`serve` to the last committed line, archive on', rate(of('seconds', on)), '≥ 400,000 lines/s');
  run.figure('`serve` to the last line in Parquet', rate(of('sealedSeconds', on)));
  run.figure('processor time a million lines, archive off', perMillion(of('processor', off)));
  run.figure('processor time a million lines, archive on, without sealing', perMillion(of('processor', on)));
  run.figure('processor time to seal a million lines, in the other process', perMillion(of('sealing', on)));
  run.figure('bytes a request at rest, bench log', (on[0]!.bytes / lines).toFixed(1), '≤ 20');
}

/** The last three are 0 without the archive. */
interface Reading {
  seconds: number;
  processor: number;
  sealedSeconds: number;
  sealing: number;
  bytes: number;
}

async function readOnce({ options, work }: ArchiveRun, log: string, archive: 'off' | 'on'): Promise<Reading> {
  const directory = join(work, archive);
  const record = join(directory, 'record');
  mkdirSync(directory);
  const { exporter, seconds } = await catchUp(
    [
      ...['--log.path', log, '--store.path', join(directory, 'exporter.db')],
      ...['--record.archive', archive, '--record.path', record, '--record.seal-every', '1s'],
    ],
    options.lines,
  );
  const caughtUp = performance.now();
  const reading = {
    seconds,
    processor: processorSeconds(exporter.pid),
    sealedSeconds: 0,
    sealing: 0,
    bytes: 0,
  };
  if (archive === 'on') {
    const deadline = Date.now() + 300_000;
    while (sealedRows(record) < options.lines) {
      if (Date.now() > deadline) throw new Error(`not sealed within 300 s: ${exporter.output()}`);
      await wait(20);
    }
    reading.sealedSeconds = seconds + (performance.now() - caughtUp) / 1000;
    reading.bytes = sizeOf(record);
    // The process that sealed ends a moment later.
    await wait(1_000);
    reading.sealing = childProcessorSeconds(exporter.pid);
  }
  await exporter.end('SIGTERM');
  rmSync(directory, { recursive: true });
  return reading;
}

function sealedRows(record: string): number {
  return [...readManifest(record).files.values()].reduce((sum, file) => sum + file.rows, 0);
}

/** The command `audit search` over 90 days, start of the process included. */
async function search(run: ArchiveRun): Promise<void> {
  const { requests } = run.options;
  const record = join(run.inputs, `archive-${requests}`);
  if (readManifest(record).files.size !== DAYS) await generate(record, requests);
  const ip = await anAddressOf('key_0123', record);
  const questions: Record<string, string[]> = {
    'one key and one address': ['--key', 'key_0123', '--ip', ip],
    'one key and a /20': ['--key', 'key_0123', '--ip', `${ip}/20`],
    'one address, any key': ['--ip', ip],
    'one key, its newest 1,000': ['--key', 'key_0123', '--limit', '1000'],
  };
  const size = sizeOf(record);
  const each = (size / requests).toFixed(1);
  run.figure(
    `${whole(requests)} requests in ${DAYS} days, at rest`,
    `${(size / 1e9).toFixed(2)} GB, ${each} bytes each`,
  );
  const paths = ['--record.path', record, '--store.path', join(run.work, 'none.db')];
  for (const [question, args] of Object.entries(questions)) {
    const command = [COMMAND, 'audit', 'search', ...paths, ...args];
    const { searches } = await alternating(run.rounds, {
      searches: () => measuredCommand(process.execPath, command),
    });
    const found = searches[0]!.stdout.split('\n').length - 1;
    run.figure(
      `search of these: ${question} (${whole(found)} found)`,
      spread(
        searches.map(({ seconds }) => seconds),
        hundredths,
        's',
      ),
    );
  }
}

/** 90 days in the layout that compaction leaves: one file a day, sorted by key. */
async function generate(record: string, requests: number): Promise<void> {
  rmSync(record, { recursive: true, force: true });
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: '4GiB',
    preserve_insertion_order: 'true',
  });
  const connection = await instance.connect();
  const first = Math.floor(Date.now() / 86_400_000) - DAYS;
  const aDay = Math.floor(requests / DAYS);
  const added: object[] = [];
  const bar = progressBar(process.stderr, 'generating');
  for (let day = 0; day < DAYS; day++) {
    const name = new Date((first + day) * 86_400_000).toISOString().slice(0, 10);
    const path = `requests/class=90/day=${name}/d.parquet`;
    mkdirSync(join(record, path, '..'), { recursive: true });
    await connection.run(
      `COPY (SELECT epoch_ms((${(first + day) * 86_400_000} + random() * 86399999)::BIGINT)::TIMESTAMP_MS AS time,
          'key_' || lpad(k::VARCHAR, 4, '0') AS key_id, 'acme' AS tenant_id,
          CASE WHEN e % 3 = 0 THEN 'POST' ELSE 'GET' END AS method, '/v1/contacts/:id/list' || e AS endpoint,
          [200,200,200,200,200,201,204,404,422,429,500][1 + (random() * 11)::INT % 11]::USMALLINT AS status,
          '10.' || (k % 200) || '.' || (r * 8 % 8)::INT || '.' || (r * 2000 % 250)::INT AS ip,
          (5 + random() * 400)::FLOAT AS duration_ms, (random() * 5000)::UINTEGER AS response_bytes,
          'client/' || (k % 50) AS user_agent, 'req_' || substr(md5(random()::VARCHAR), 1, 16) AS request_id
        FROM (SELECT (random() * 1000)::INT % 1000 AS k, (random() * 40)::INT AS e, random() AS r FROM range(${aDay}))
        ORDER BY key_id, tenant_id, time) TO '${join(record, path)}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 61440)`,
    );
    // A search reads no more of the manifest: an archive generated like this cannot be verified.
    added.push({ path, sha256: '0'.repeat(64), bytes: 0, rows: aDay, first: 0, last: 0 });
    bar.at(day + 1, DAYS);
  }
  bar.end();
  connection.closeSync();
  instance.closeSync();
  const line = { number: 1, at: new Date().toISOString(), change: 'sealed', added, removed: [] };
  writeFileSync(join(record, 'manifest.jsonl'), `${JSON.stringify({ ...line, previous: '0'.repeat(64) })}\n`);
}

async function anAddressOf(key: string, record: string): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const files = `'${record}/requests/*/*/*.parquet'`;
  const rows = await connection.runAndReadAll(
    `SELECT any_value(ip) FROM ${files} WHERE key_id = '${key}' AND day = (SELECT max(day) FROM ${files} WHERE key_id = '${key}')`,
  );
  connection.closeSync();
  instance.closeSync();
  return String(rows.getRows()[0]![0]);
}

function sizeOf(record: string): number {
  return readdirSync(join(record, 'requests'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
