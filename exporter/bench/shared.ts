import { spawn } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type Contribution, noContribution } from '../src/shared/contribution.ts';
import { Exchange } from '../src/shared/exchange.ts';
import { RedisConnection } from '../src/shared/redis-connection.ts';
import { RedisKeys, redisName } from '../src/shared/redis-keys.ts';
import { Windows } from '../src/usage/windows.ts';
import { encodeWindows } from '../src/usage/windows-form.ts';
import {
  type ExporterProcess,
  eventually,
  freePort,
  startExporter,
  sumOf,
} from '../test/exporter-process.ts';
import { catchUp } from './harness/exporter.ts';
import { number, text } from './harness/options.ts';
import { busiestThreadSeconds, processorSeconds } from './harness/process.ts';
import { alternating } from './harness/rounds.ts';
import { hundredths, ratios, spread, tenths, whole } from './harness/statistics.ts';
import { type Run, runSuite } from './harness/suite.ts';
import { benchLine, benchLog, type LogShape } from './log-file.ts';

const OPTIONS = {
  lines: number(1_600_000, 20_000, 'lines of the log that every exporter of catchup reads'),
  fleets: text('1,2,4', '1,2', 'numbers of exporters'),
  rate: number(10_000, 1_000, 'lines a second of steady over all exporters'),
  seconds: number(20, 2, 'how long steady is measured'),
  warm: number(
    15,
    1,
    'seconds of the same load before: code that runs for the first time costs several times as much',
  ),
  pairs: number(200_000, 2_000, 'pairs of key and IP address of memory'),
};
type SharedRun = Run<typeof OPTIONS>;

const port = await freePort();
const url = `redis://127.0.0.1:${port}`;
const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
  stdio: 'ignore',
});
const redis = new Redis({ host: '127.0.0.1', port, protocol: 2, retryStrategy: () => 100 });
redis.on('error', () => {});
let stores = 0;

try {
  await runSuite({
    script: 'bench:shared',
    about:
      'What sharing facts through one Redis costs, with and without it by turns, and the memory of Redis.',
    options: OPTIONS,
    programs: { all: ['redis-server'] },
    benchmarks: { catchup, steady, memory },
  });
} finally {
  redis.disconnect();
  server.kill('SIGKILL');
}

/** Every exporter of a fleet reads the same log from an empty store. */
async function catchup(run: SharedRun): Promise<void> {
  const { lines } = run.options;
  const log = benchLog(run.inputs, shapeOf(lines));
  for (const count of fleetsOf(run)) {
    const catchUpAll = async (shared: boolean) => {
      await redis.flushall();
      const all = await Promise.all(
        Array.from({ length: count }, (_, i) => catchUp(argumentsOf(run, i, log, shared), lines)),
      );
      const seconds = Math.max(...all.map((one) => one.seconds));
      const processor = all.reduce((sum, { exporter }) => sum + processorSeconds(exporter.pid), 0);
      await Promise.all(all.map(({ exporter }) => exporter.end('SIGTERM')));
      return { seconds, processor };
    };
    const { without, sharing } = await alternating(run.rounds, {
      without: () => catchUpAll(false),
      sharing: () => catchUpAll(true),
    });
    run.keep(`catchup of ${count}`, { without, sharing });
    for (const [name, of] of [
      ['second', 'seconds'],
      ['processor second', 'processor'],
    ] as const) {
      const compared = ratios(
        without.map((one) => one[of]),
        sharing.map((one) => one[of]),
      );
      run.figure(
        `${exporters(count)} catching up, lines a ${name} with : without sharing`,
        spread(compared, hundredths),
      );
    }
  }
}

/** A steady load spread over a fleet: processor time of the exporters, and what Redis does for it. */
async function steady(run: SharedRun): Promise<void> {
  const rows: string[][] = [];
  for (const count of fleetsOf(run)) {
    const without = await steadyLoad(run, count, false);
    const sharing = await steadyLoad(run, count, true);
    run.keep(`steady load of ${count}`, { without, sharing });
    const change = (of: 'processor' | 'ingestion') =>
      `${tenths(without[of] * 100)} % → ${tenths(sharing[of] * 100)} %`;
    const { commands, requests, bytesIn, bytesOut, redisProcessor } = sharing;
    rows.push([
      ...[String(count), change('processor'), change('ingestion'), `${tenths(redisProcessor * 100)} %`],
      ...[whole(requests), whole(commands), `${tenths(bytesIn / 1e6)} / ${tenths(bytesOut / 1e6)} MB`],
    ]);
  }
  run.table({
    columns: [
      ...['exporters', 'processor, of one core', 'of it ingestion threads', 'processor of Redis'],
      ...['requests to Redis per million lines', 'commands in them', 'to / from Redis per million lines'],
    ],
    rows,
    note: `Load: ${whole(run.options.rate)} lines/s over all exporters, without → with sharing.`,
  });
}

async function steadyLoad(run: SharedRun, count: number, shared: boolean) {
  const { seconds, rate, warm } = run.options;
  await redis.flushall();
  const logs = Array.from({ length: count }, (_, i) => join(run.work, `steady-${stores}-${i}.log`));
  for (const log of logs) writeFileSync(log, '');
  const fleet = await Promise.all(logs.map((log, i) => startExporter(argumentsOf(run, i, log, shared))));
  await Promise.all(fleet.map((exporter) => exporter.ready()));
  let written = 0;
  const write = async (duration: number): Promise<number> => {
    const [before, began] = [written, performance.now()];
    while (performance.now() - began < duration * 1000) {
      const due = before + Math.floor(((performance.now() - began) / 1000) * rate);
      const each = Math.floor((due - written) / count);
      for (const log of logs) {
        let lines = '';
        for (let n = each; n > 0; n--)
          lines += benchLine(written + n * count, shapeOf(run.options.lines), Date.now());
        appendFileSync(log, lines);
      }
      written += each * count;
      await wait(50);
    }
    return written - before;
  };
  await write(warm);
  const before = await measured(fleet);
  const lines = await write(seconds);
  const after = await measured(fleet);
  await Promise.all(fleet.map((exporter) => readLines(exporter, written / count)));
  await Promise.all(fleet.map((exporter) => exporter.end('SIGTERM')));
  const share = (name: keyof typeof after) => (after[name] - before[name]) / seconds;
  const perMillion = (name: keyof typeof after) => ((after[name] - before[name]) / lines) * 1e6;
  return {
    ...{
      processor: share('processor'),
      ingestion: share('ingestion'),
      redisProcessor: share('redisProcessor'),
    },
    ...{ requests: perMillion('requests'), commands: perMillion('commands') },
    ...{ bytesIn: perMillion('bytesIn'), bytesOut: perMillion('bytesOut') },
  };
}

async function measured(fleet: ExporterProcess[]) {
  const sum = (of: (pid: number) => number) => fleet.reduce((total, { pid }) => total + of(pid), 0);
  const info = await redisInfo();
  const calls = Object.fromEntries(
    [...(await redis.info('commandstats')).matchAll(/^cmdstat_(\w+):calls=(\d+)/gm)].map(([, name, n]) => [
      name,
      Number(n),
    ]),
  );
  return {
    processor: sum(processorSeconds),
    ingestion: sum(busiestThreadSeconds),
    redisProcessor: info.used_cpu_user! + info.used_cpu_sys!,
    commands: info.total_commands_processed!,
    // A sync cycle is one each of TIME, HGET, SISMEMBER and ZRANGEBYSCORE, two ZADD, and otherwise scripts.
    requests: (calls.evalsha ?? 0) + (calls.eval ?? 0) + 6 * (calls.sismember ?? 0),
    bytesIn: info.total_net_input_bytes!,
    bytesOut: info.total_net_output_bytes!,
  };
}

async function redisInfo(): Promise<Record<string, number>> {
  const lines = (await redis.info()).matchAll(/^(\w+):([\d.]+)\r?$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]));
}

function readLines(exporter: ExporterProcess, lines: number): Promise<void> {
  return eventually(async () => {
    const read = sumOf(await exporter.metrics(), 'atender_exporter_lines_total');
    if (read < lines) throw new Error(`read ${read} of ${lines} lines`);
  }, 60_000);
}

function argumentsOf({ work }: SharedRun, index: number, log: string, shared: boolean): string[] {
  return [
    ...['--log.path', log, '--store.path', join(work, `${stores++}.db`), '--log.level', 'warn'],
    ...['--metrics.zero-hold', '0s', '--instance.id', `bench-${index}`],
    ...(shared ? ['--shared.redis.url', url] : []),
  ];
}

/** Memory that Redis takes for keys and for pairs of key and IP address, and the size of a key's windows. */
async function memory(run: SharedRun): Promise<void> {
  const connection = new RedisConnection({
    ...{ urls: [url], mode: 'standalone', username: '', password: '', database: 0 },
    ...{ ca: '', cert: '', key: '', timeout: 30 },
  });
  while (!connection.ready) await wait(20);
  const exchange = new Exchange(connection, new RedisKeys('atender:'), 10_000);
  const now = Math.floor(Date.now() / 1000);
  const growth = async (contributions: Contribution[]): Promise<number> => {
    await redis.flushall();
    const before = (await redisInfo()).used_memory!;
    for (let from = 0; from < contributions.length; from += 100) {
      const { error } = await exchange.publish(contributions.slice(from, from + 100), now);
      if (error) throw error;
    }
    return (await redisInfo()).used_memory! - before;
  };
  const keys = Array.from({ length: 2_000 }, (_, i) => keyWithoutAddresses(i, now));
  run.figure(
    'Redis memory, a key without IP addresses',
    `${whole((await growth(keys)) / keys.length)} bytes`,
  );
  for (const each of [20, 1_000]) {
    const count = Math.ceil(run.options.pairs / each);
    const all = Array.from({ length: count }, (_, i) => keyWithAddresses(i, each, now));
    run.figure(
      `Redis memory, a million pairs of key and IP address, ${whole(each)} addresses a key`,
      `${whole((await growth(all)) / (count * each))} MB`,
    );
  }
  connection.close();
  for (const rate of [1, 12, 200])
    run.figure(`windows of a key with ${rate} requests/s`, `${whole(windowBytes(rate))} bytes`);
}

function keyWithoutAddresses(i: number, now: number): Contribution {
  return {
    ...noContribution(redisName(`key_${i}`, 'tenant_1')),
    facts: new Map([
      ['<first', String(now - 1e6)],
      ['>used', String(now)],
      ['>scope:contacts:read', String(now)],
      ['<surface:contacts', `${now}|node-1|0`],
    ]),
    windows: new Map([['>node-1', `${now}|000000001000|${'w'.repeat(600)}`]]),
    days: new Map([['>2026-11-23@node-1', `1000|${'d'.repeat(250)}`]]),
  };
}

function keyWithAddresses(i: number, addresses: number, now: number): Contribution {
  return {
    ...noContribution(redisName(`key_${i}`, 'tenant_1')),
    ips: new Map(
      Array.from({ length: addresses }, (_, n) => [
        String.fromCharCode(10, i & 255, n >> 8, n & 255),
        { first: now - n, last: now - (n % 3_600) },
      ]),
    ),
  };
}

/** Bytes of a key's windows after an hour of so many requests a second. */
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

function shapeOf(lines: number): LogShape {
  return { lines, keys: 200, endpointsPerKey: 10, ipsPerKey: 20 };
}

function fleetsOf({ options }: SharedRun): number[] {
  return options.fleets.split(',').map(Number);
}

function exporters(count: number): string {
  return count === 1 ? '1 exporter' : `${count} exporters`;
}
