import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { type Contribution, noContribution } from '../src/shared/contribution.ts';
import { Exchange } from '../src/shared/exchange.ts';
import { RedisConnection } from '../src/shared/redis-connection.ts';
import { RedisKeys, redisName } from '../src/shared/redis-keys.ts';
import { Windows } from '../src/usage/windows.ts';
import { encodeWindows } from '../src/usage/windows-form.ts';
import { type ExporterProcess, freePort, startExporter, sumOf } from '../test/exporter-process.ts';
import { benchLine, benchLog, type LogShape } from './log-file.ts';
import { cpuSeconds, median, readingSeconds } from './process.ts';

/**
 * `npm run bench:shared`: what sharing facts through one Redis costs, with and without it by turns on the same
 * files, so that a busy machine slows both; and what the facts take of Redis.
 */
const { values: options } = parseArgs({
  options: {
    lines: { type: 'string', default: '1600000' },
    rounds: { type: 'string', default: '3' },
    /** Of the steady load, and its lines a second over all exporters. */
    seconds: { type: 'string', default: '20' },
    /** Of the same load before it is measured: code that runs for the first time costs several times as much. */
    warm: { type: 'string', default: '15' },
    rate: { type: 'string', default: '10000' },
    fleets: { type: 'string', default: '1,2,4' },
    pairs: { type: 'string', default: '200000' },
    out: { type: 'string', default: 'bench-results/shared.json' },
    directory: { type: 'string', default: join(tmpdir(), 'atender-bench') },
  },
});
const LINES = Number(options.lines);
const SECONDS = Number(options.seconds);
const WARM = Number(options.warm);
const RATE = Number(options.rate);
const FLEETS = options.fleets.split(',').map(Number);
const SHAPE: LogShape = { lines: LINES, keys: 200, endpointsPerKey: 10, ipsPerKey: 20 };

const work = mkdtempSync(join(tmpdir(), 'atender-bench-shared-'));
mkdirSync(options.directory, { recursive: true });
const port = await freePort();
const server = spawn(
  'redis-server',
  ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', work],
  { stdio: 'ignore' },
);
const redis = new Redis({ host: '127.0.0.1', port, protocol: 2, retryStrategy: () => 100 });
redis.on('error', () => {});
await redis.ping();
const url = `redis://127.0.0.1:${port}`;
const results: Record<string, unknown> = {
  node: process.version,
  cpu: cpus()[0]?.model,
  cores: cpus().length,
};
let stores = 0;

const fleet = (count: number, logs: string[], shared: boolean): Promise<ExporterProcess[]> =>
  Promise.all(
    Array.from({ length: count }, (_, i) =>
      startExporter([
        ...['--log.path', logs[i], '--store.path', join(work, `${stores++}.db`), '--log.level', 'warn'],
        ...['--metrics.zero-hold', '0s', '--instance.id', `bench-${i}`],
        ...(shared ? ['--shared.redis.url', url] : []),
      ]),
    ),
  );

async function readAll(exporters: ExporterProcess[], lines: number): Promise<void> {
  const read = async (exporter: ExporterProcess) =>
    sumOf(await exporter.metrics().catch(() => ''), 'atender_exporter_lines_total');
  for (const exporter of exporters) while ((await read(exporter)) < lines) await wait(200);
}

async function stats(): Promise<Record<string, number>> {
  const text = await redis.info();
  const calls = (await redis.info('commandstats')).matchAll(
    /^cmdstat_(evalsha|eval|sismember):calls=(\d+)/gm,
  );
  const by = Object.fromEntries([...calls].map(([, name, n]) => [name, Number(n)]));
  return {
    ...Object.fromEntries(
      [...text.matchAll(/^(\w+):([\d.]+)\r?$/gm)].map(([, name, value]) => [name, Number(value)]),
    ),
    // A turn is one each of TIME, HGET, SISMEMBER and ZRANGEBYSCORE, two ZADD, and otherwise scripts.
    requests: (by.evalsha ?? 0) + (by.eval ?? 0) + 6 * (by.sismember ?? 0),
  };
}

/** Seconds until every exporter of a fleet has read a log from an empty store, and the processor time it took. */
async function catchUp(count: number, shared: boolean): Promise<{ seconds: number; cpu: number }> {
  await redis.flushall();
  const log = benchLog(options.directory, SHAPE);
  const began = performance.now();
  const exporters = await fleet(count, Array(count).fill(log), shared);
  // Not by scrapes: these cost more than what is measured.
  for (const { url } of exporters)
    while ((await fetch(`${url}/-/ready`).catch(() => undefined))?.status !== 200) await wait(20);
  const seconds = (performance.now() - began) / 1000;
  const cpu = exporters.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
  await readAll(exporters, LINES);
  await Promise.all(exporters.map((exporter) => exporter.end('SIGTERM')));
  return { seconds, cpu };
}

/** Steady load spread over a fleet: processor time of the exporters and what Redis had to do for it. */
async function steady(count: number, shared: boolean) {
  await redis.flushall();
  const logs = Array.from({ length: count }, (_, i) => join(work, `steady-${stores}-${i}.log`));
  for (const log of logs) writeFileSync(log, '');
  const exporters = await fleet(count, logs, shared);
  await Promise.all(exporters.map((exporter) => exporter.ready()));
  let written = 0;
  /** Returns the lines it wrote. */
  const load = async (seconds: number): Promise<number> => {
    const [before, began] = [written, performance.now()];
    while (performance.now() - began < seconds * 1000) {
      const due = before + Math.floor(((performance.now() - began) / 1000) * RATE);
      const each = Math.floor((due - written) / count);
      for (const log of logs) {
        let lines = '';
        for (let n = each; n > 0; n--) lines += benchLine(written + n * count, SHAPE, Date.now());
        appendFileSync(log, lines);
      }
      written += each * count;
      await wait(50);
    }
    return written - before;
  };
  await load(WARM);
  const cpu = () => exporters.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
  const reading = () => exporters.reduce((sum, { pid }) => sum + readingSeconds(pid), 0);
  const [cpuBefore, readingBefore, before] = [cpu(), reading(), await stats()];
  const measured = await load(SECONDS);
  const [spent, spentReading, after] = [cpu() - cpuBefore, reading() - readingBefore, await stats()];
  await readAll(exporters, Math.floor(written / count));
  await Promise.all(exporters.map((exporter) => exporter.end('SIGTERM')));
  const perMillion = (name: string) => Math.round(((after[name] - before[name]) / measured) * 1e6);
  return {
    written: measured,
    cpuPercent: (spent / SECONDS) * 100,
    readingPercent: (spentReading / SECONDS) * 100,
    requestsPerMillion: perMillion('requests'),
    commandsPerMillion: perMillion('total_commands_processed'),
    inMBPerMillion: perMillion('total_net_input_bytes') / 1e6,
    outMBPerMillion: perMillion('total_net_output_bytes') / 1e6,
    redisPercent:
      ((after.used_cpu_user + after.used_cpu_sys - before.used_cpu_user - before.used_cpu_sys) / SECONDS) *
      100,
  };
}

/** Bytes of a key's windows when they are full, by requests a second. */
function windowBytes(rate: number): number {
  const windows = new Windows();
  const now = Math.floor(Date.now() / 1000);
  for (let second = now - 4_000; second < now; second++)
    for (let i = 0; i < rate; i++) {
      windows.countMinute(Math.floor(second / 60), i % 12 === 5 ? 404 : i % 30 === 7 ? 429 : 200);
      windows.countDay(Math.floor(second / 86_400));
      windows.use(second);
      windows.countSecond(second);
    }
  return encodeWindows(windows).length;
}

/** Bytes of Redis for keys without addresses, and for pairs of key and address. */
async function memory() {
  const connection = new RedisConnection({
    urls: [url],
    mode: 'standalone',
    username: '',
    password: '',
    database: 0,
    ca: '',
    cert: '',
    key: '',
    timeout: 30,
  });
  while (!connection.ready) await wait(20);
  const exchange = new Exchange(connection, new RedisKeys('atender:'), 10_000);
  const used = async () => (await stats()).used_memory;
  const now = Math.floor(Date.now() / 1000);
  const publish = async (all: Contribution[]) => {
    const { error } = await exchange.publish(all, now);
    if (error) throw error;
  };
  await redis.flushall();
  const keys = Array.from({ length: 2_000 }, (_, i) => redisName(`key_${i}`, 'tenant_1'));
  const before = await used();
  await publish(
    keys.map((name) => ({
      ...noContribution(name),
      facts: new Map([
        ['<first', String(now - 1e6)],
        ['>used', String(now)],
        ['>scope:contacts:read', String(now)],
        ['<surface:contacts', `${now}|node-1|0`],
      ]),
      windows: new Map([['>node-1', `${now}|000000001000|${'w'.repeat(600)}`]]),
      days: new Map([['>2026-11-23@node-1', `1000|${'d'.repeat(250)}`]]),
    })),
  );
  const perKey = ((await used()) - before) / keys.length;
  const perPair: Record<string, number> = {};
  for (const each of [20, 1_000]) {
    await redis.flushall();
    const count = Math.ceil(Number(options.pairs) / each);
    const empty = await used();
    for (let from = 0; from < count; from += 100)
      await publish(
        Array.from({ length: Math.min(100, count - from) }, (_, i) => ({
          ...noContribution(redisName(`key_${from + i}`, 'tenant_1')),
          ips: new Map(
            Array.from({ length: each }, (_, n) => [
              String.fromCharCode(10, (from + i) & 255, n >> 8, n & 255),
              { first: now - n, last: now - (n % 3_600) },
            ]),
          ),
        })),
      );
    perPair[`${each} addresses a key`] = ((await used()) - empty) / (count * each);
  }
  connection.close();
  const windows = Object.fromEntries([1, 12, 200].map((rate) => [`${rate}/s`, windowBytes(rate)]));
  return { bytesPerKey: Math.round(perKey), megabytesPerMillionPairs: perPair, windowBytes: windows };
}

try {
  const rows: string[] = [];
  for (const count of FLEETS) {
    type Runs = { seconds: number; cpu: number }[];
    const runs = { without: [] as Runs, with: [] as Runs };
    for (let round = 0; round < Number(options.rounds); round++) {
      runs.without.push(await catchUp(count, false));
      runs.with.push(await catchUp(count, true));
      console.error(`${count} exporters, round ${round + 1}: ${JSON.stringify(runs)}`);
    }
    const without = await steady(count, false);
    const sharing = await steady(count, true);
    results[`${count} exporters`] = { runs, without, sharing };
    const middle = (all: Runs, of: 'seconds' | 'cpu') => median(all.map((run) => run[of]));
    const ratio = (of: 'seconds' | 'cpu') => (middle(runs.without, of) / middle(runs.with, of)).toFixed(2);
    const cell = (n: number) => n.toFixed(1);
    rows.push(
      `| ${count} | ${ratio('seconds')} | ${ratio('cpu')} | ${cell(without.cpuPercent)} % → ${cell(sharing.cpuPercent)} % | ${cell(without.readingPercent)} % → ${cell(sharing.readingPercent)} % | ${sharing.requestsPerMillion} | ${sharing.commandsPerMillion} | ${cell(sharing.inMBPerMillion)} / ${cell(sharing.outMBPerMillion)} MB | ${cell(sharing.redisPercent)} % |`,
    );
  }
  results.memory = await memory();
  console.log(
    [
      '| exporters | lines a second, with : without | lines a processor second, with : without | processor at the steady load | of it threads that read | requests to Redis per million lines | commands in them | to / from Redis per million lines | processor of Redis |',
      '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
      ...rows,
      '',
      JSON.stringify(results.memory),
    ].join('\n'),
  );
  mkdirSync(join(options.out, '..'), { recursive: true });
  writeFileSync(options.out, `${JSON.stringify(results, null, 2)}\n`);
} finally {
  redis.disconnect();
  server.kill('SIGKILL');
  rmSync(work, { recursive: true, force: true });
}
