import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { onPath } from '../../scripts/servers.mjs';
import { COMMAND, type ExporterProcess, startExporter, sumOf } from '../test/exporter-process.ts';
import { requestLine } from '../test/log-lines.ts';
import { expositionBench } from './exposition.ts';
import { BYTES_PER_LINE, benchLine, benchLog, type LogShape } from './log-file.ts';
import { cpuSeconds, median, peakMemoryMiB, timed } from './process.ts';

/**
 * `npm run bench`: every figure of the README in one run. Rates are medians of alternating runs on the same
 * file, so that a machine that slows down slows both sides.
 */
const { values: options } = parseArgs({
  options: {
    lines: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '3' },
    out: { type: 'string', default: 'bench-results/exporter.json' },
    only: { type: 'string', default: 'once,serve,exposition,memory,idle,steady,load,growth' },
    directory: { type: 'string', default: join(tmpdir(), 'atender-bench') },
  },
});
const missing = ['mtail', 'goaccess'].filter((peer) => !onPath(peer));
if (missing.length > 0 && /once|serve/.test(options.only)) {
  const remedy = `on Debian, as root: apt-get install --no-install-recommends ${missing.join(' ')}`;
  console.error(`bench: ${missing.join(' and ')}, with which it compares, is not on PATH; ${remedy}`);
  process.exit(1);
}
const LINES = Number(options.lines);
const ROUNDS = Number(options.rounds);
const SHAPE: LogShape = { lines: LINES, keys: 200, endpointsPerKey: 10, ipsPerKey: 20 };

interface Row {
  figure: string;
  value: string;
  target: string;
}
const rows: Row[] = [];
const raw: Record<string, unknown> = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length };
const work = mkdtempSync(join(tmpdir(), 'atender-bench-run-'));
mkdirSync(options.directory, { recursive: true });

/** `once` against mtail (two programs) and goaccess on the same file. */
async function againstPeers(): Promise<void> {
  const log = benchLog(options.directory, SHAPE);
  const peers: Record<string, () => Promise<number>> = {
    once: async () => (await timed(process.execPath, [COMMAND, 'once', log])).seconds,
    'mtail, same facts': () => mtail('requests.mtail', log),
    'mtail, one counter': () => mtail('requests-minimal.mtail', log),
    goaccess: () => goaccess(log),
  };
  const seconds = await alternating(peers);
  raw.once = rates(seconds);
  const rate = LINES / median(seconds.once);
  rows.push({ figure: '`once`, lines a second', value: round(rate), target: '≥ 1,000,000' });
  for (const peer of Object.keys(peers).slice(1))
    rows.push({
      figure: `\`once\` against ${peer}`,
      value: `${ratio(seconds[peer], seconds.once)} times`,
      target: peer.startsWith('mtail') ? '≥ 10 times' : '',
    });
}

/** `serve` from an empty store until it says that everything is read and committed, start of the process included. */
async function catchingUp(): Promise<void> {
  const log = benchLog(options.directory, SHAPE);
  const seconds = await alternating({
    serve: async () => {
      const store = join(work, `catch-up-${Math.random()}.db`);
      const started = performance.now();
      const exporter = await startExporter(['--log.path', log, '--store.path', store, '--log.level', 'warn']);
      const took = ((await readAll(exporter, LINES)) - started) / 1000;
      await exporter.end('SIGTERM');
      return took;
    },
    mtail: () => mtail('requests.mtail', log),
    'mtail, one counter': () => mtail('requests-minimal.mtail', log),
  });
  raw.serve = rates(seconds);
  rows.push(
    {
      figure: '`serve` catching up, lines a second',
      value: round(LINES / median(seconds.serve)),
      target: '≥ 800,000',
    },
    {
      figure: '`serve` against mtail, same facts',
      value: `${ratio(seconds.mtail, seconds.serve)} times`,
      target: '≥ 8 times',
    },
    {
      figure: '`serve` against mtail, one counter',
      value: `${ratio(seconds['mtail, one counter'], seconds.serve)} times`,
      target: '≥ 8 times',
    },
  );
}

async function rendering(): Promise<void> {
  const figures = await expositionBench({ counters: 100_000, histograms: 1_000 });
  raw.exposition = figures;
  rows.push(
    {
      figure: 'exposition of 101,000 series against prom-client',
      value: `${figures.ratio.toFixed(1)} times`,
      target: '≥ 8 times',
    },
    {
      figure: 'longest event-loop stall while rendering',
      value: `${figures.stallMs.toFixed(1)} ms`,
      target: '≤ 20 ms',
    },
  );
}

/** 1,000 keys, 100,000 series, 1,000,000 key–IP pairs, read from a log; in the environment that image and unit give. */
async function memoryAtScale(): Promise<void> {
  const shape = { lines: 3_000_000, keys: 1_000, endpointsPerKey: 14, ipsPerKey: 1_000 };
  const log = benchLog(options.directory, shape);
  const args = ['--log.path', log, '--store.path', join(work, 'memory.db'), '--log.level', 'warn'];
  const env = { MALLOC_ARENA_MAX: '2', NODE_OPTIONS: '--max-semi-space-size=8' };
  const exporter = await startExporter(args, { env });
  await readAll(exporter, shape.lines);
  for (let i = 0; i < 5; i++) await exporter.metrics();
  const text = await exporter.metrics();
  const series = text.split('\n').filter((line) => /^atender_(endpoint_)?requests_total\{/.test(line)).length;
  const reading = peakMemoryMiB(exporter.pid);
  await exporter.end('SIGTERM');
  const again = await startExporter(args, { env });
  await readAll(again, shape.lines);
  await again.metrics();
  const restarted = peakMemoryMiB(again.pid);
  await again.end('SIGTERM');
  raw.memory = { series, reading, restarted };
  rows.push({
    figure: `peak memory, 1,000 keys, ${round(series)} counter series, 1,000,000 key–IP pairs, MALLOC_ARENA_MAX=2`,
    value: `${Math.round(Math.max(reading, restarted))} MiB`,
    target: '≤ 350 MiB',
  });
}

/** Processor time with 20 followed files and nothing to read. */
async function idleProcessor(): Promise<void> {
  const directory = join(work, 'idle');
  mkdirSync(directory);
  // The windows of younger requests slide for hours, and that is no idling.
  const timestamp = new Date(Date.now() - 40 * 86_400_000).toISOString();
  for (let i = 0; i < 20; i++)
    writeFileSync(join(directory, `${i}.log`), requestLine({ keyId: `key_${i}`, timestamp }));
  const exporter = await startExporter([
    ...['--log.path', join(directory, '*.log'), '--store.path', join(work, 'idle.db'), '--log.level', 'warn'],
  ]);
  await exporter.ready();
  // V8 goes on tidying up what the start left for half a minute, once.
  await wait(60_000);
  const used = await share(exporter.pid, 30);
  await exporter.end('SIGTERM');
  raw.idle = used;
  rows.push({ figure: 'idle, 20 files followed', value: `${percent(used)} of a core`, target: '< 0.5 %' });
}

/** 10,000 lines a second for half a minute: processor time, and how long a line takes to appear in /metrics. */
async function steadyLoad(): Promise<void> {
  const log = join(work, 'steady.log');
  writeFileSync(log, '');
  const exporter = await startExporter([
    ...[
      '--log.path',
      log,
      '--store.path',
      join(work, 'steady.db'),
      '--log.level',
      'warn',
      '--metrics.zero-hold',
      '0s',
    ],
  ]);
  await exporter.ready();
  let line = 0;
  const started = performance.now();
  const writer = setInterval(() => {
    const due = Math.floor(((performance.now() - started) / 1000) * 10_000);
    let text = '';
    for (; line < due; line++) text += benchLine(line, SHAPE, Date.now());
    appendFileSync(log, text);
  }, 100);
  await wait(10_000);
  const used = await share(exporter.pid, 20);
  const delays: number[] = [];
  for (let probe = 0; probe < 8; probe++) {
    const written = performance.now();
    appendFileSync(log, requestLine({ keyId: 'key_probe' }));
    while (sumOf(await exporter.metrics(), 'atender_requests_total', 'key_id="key_probe"') < probe + 1) {
      if (performance.now() - written > 10_000) throw new Error('the probe line did not appear');
      await wait(20);
    }
    delays.push((performance.now() - written) / 1000);
  }
  clearInterval(writer);
  await exporter.end('SIGTERM');
  raw.steady = { used, delays };
  rows.push(
    { figure: 'at 10,000 lines a second', value: `${percent(used)} of a core`, target: '≤ 5 %' },
    {
      figure: 'a line is in /metrics after at most',
      value: `${Math.max(...delays).toFixed(2)} s`,
      target: '≤ 1 s',
    },
  );
}

/** From the start of the process to the first answered scrape, with and without 100,000 stored series. */
async function loadAtStart(): Promise<void> {
  const shape = { lines: 1_000_000, keys: 1_000, endpointsPerKey: 15, ipsPerKey: 20 };
  const seconds = await loading(shape);
  raw.load = seconds;
  rows.push({
    figure: `load at start, ${round(seconds.series)} stored series`,
    value: `${seconds.load.toFixed(2)} s`,
    target: '≤ 1 s',
  });
}

async function loading(shape: LogShape): Promise<{ series: number; load: number }> {
  const log = benchLog(options.directory, shape);
  const args = [
    '--log.path',
    log,
    '--store.path',
    join(work, `load-${shape.endpointsPerKey}.db`),
    '--log.level',
    'warn',
  ];
  const first = await startExporter(args);
  await readAll(first, shape.lines);
  await first.end('SIGTERM');
  const empty = ['--log.path', join(work, 'none.log'), '--log.level', 'warn'];
  const taken: number[] = [];
  const base: number[] = [];
  let series = 0;
  for (let round = 0; round < ROUNDS; round++) {
    base.push(
      await untilScrape([...empty, '--store.path', join(work, `empty-${Math.random()}.db`)], () => {}),
    );
    taken.push(
      await untilScrape(args, (text) => {
        series = text.split('\n').filter((line) => /^atender_(endpoint_)?requests_total\{/.test(line)).length;
      }),
    );
  }
  return { series, load: median(taken) - median(base) };
}

async function untilScrape(args: string[], see: (text: string) => void): Promise<number> {
  const started = performance.now();
  const exporter = await startExporter(args);
  await exporter.ready();
  const took = (performance.now() - started) / 1000;
  see(await exporter.metrics());
  await exporter.end('SIGTERM');
  return took;
}

/** Cost at three sizes each, as time per unit: linear when the quotients stay near 1. */
async function growth(): Promise<void> {
  const perLine: number[] = [];
  const start = median((await alternating({ empty: () => emptyRun() })).empty);
  for (const lines of [LINES / 4, LINES / 2, LINES]) {
    const log = benchLog(options.directory, { ...SHAPE, lines });
    const { once } = await alternating({
      once: async () => (await timed(process.execPath, [COMMAND, 'once', log])).seconds,
    });
    perLine.push(((median(once) - start) / lines) * 1e9);
  }
  const perSeries: number[] = [];
  for (const counters of [25_000, 50_000, 100_000]) {
    const figures = await expositionBench({ counters, histograms: counters / 100 });
    perSeries.push((figures.oursMs / counters) * 1e6);
  }
  raw.growth = { perLine, perSeries };
  const spread = (times: number[]) => times.map((time) => `${Math.round(time)} ns`).join(', ');
  rows.push(
    {
      figure: 'reading, per line, at a quarter, half and all of the lines',
      value: spread(perLine),
      target: 'flat',
    },
    {
      figure: 'exposition, per series, at 25,000, 50,000 and 100,000',
      value: spread(perSeries),
      target: 'flat',
    },
  );
}

async function emptyRun(): Promise<number> {
  const path = join(work, 'one-line.log');
  writeFileSync(path, requestLine());
  return (await timed(process.execPath, [COMMAND, 'once', path])).seconds;
}

async function alternating(
  commands: Record<string, () => Promise<number>>,
): Promise<Record<string, number[]>> {
  const seconds: Record<string, number[]> = {};
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, run] of Object.entries(commands)) {
      seconds[name] ??= [];
      seconds[name].push(await run());
    }
  return seconds;
}

async function mtail(program: string, log: string): Promise<number> {
  const path = new URL(program, import.meta.url).pathname;
  const listen = ['--address', '127.0.0.1', '--port', '39103'];
  return (await timed('mtail', ['--one_shot', ...listen, '--progs', path, '--logs', log])).seconds;
}

async function goaccess(log: string): Promise<number> {
  const format =
    '{"timestamp":"%dT%t.%^","keyId":"%e","method":"%m","endpoint":"%U","status":"%s","ip":"%h","durationMs":"%L"}';
  const dates = ['--date-format=%Y-%m-%d', '--time-format=%H:%M:%S'];
  const quiet = ['--no-global-config', '--no-progress', '-o', 'json'];
  return (await timed('goaccess', [log, `--log-format=${format}`, ...dates, ...quiet])).seconds;
}

/**
 * When (as performance.now()) /-/ready said that everything is read and committed; throws when that are not so many
 * lines. Asks over one connection: what asks shares the cores with what is measured.
 */
async function readAll(exporter: ExporterProcess, lines: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const deadline = Date.now() + 300_000;
  while ((await status(`${exporter.url}/-/ready`, agent)) !== 200) {
    if (Date.now() > deadline) throw new Error(`not read in time: ${exporter.output()}`);
    await wait(20);
  }
  const ready = performance.now();
  agent.destroy();
  const read = sumOf(await exporter.metrics(), 'atender_exporter_lines_total');
  if (read !== lines) throw new Error(`ready with ${read} of ${lines} lines`);
  return ready;
}

/** 0 while nobody listens. */
const status = (url: string, agent: Agent): Promise<number> =>
  new Promise((resolve) => {
    get(url, { agent }, (answer) => answer.resume().on('end', () => resolve(answer.statusCode ?? 0))).on(
      'error',
      () => resolve(0),
    );
  });

/** Share of one core a process uses over some seconds. */
async function share(pid: number, seconds: number): Promise<number> {
  const before = cpuSeconds(pid);
  const started = performance.now();
  await wait(seconds * 1000);
  return (cpuSeconds(pid) - before) / ((performance.now() - started) / 1000);
}

const ratio = (theirs: number[], ours: number[]): string =>
  median(theirs.map((seconds, round) => seconds / ours[round])).toFixed(1);
const rates = (seconds: Record<string, number[]>) =>
  Object.fromEntries(
    Object.entries(seconds).map(([name, times]) => [name, times.map((time) => LINES / time)]),
  );
const percent = (part: number): string => `${(part * 100).toFixed(2)} %`;
const round = (number: number): string => Math.round(number).toLocaleString('en-US');

function report(): void {
  const width = Math.max(...rows.map((row) => row.figure.length));
  console.log(`| ${'figure'.padEnd(width)} | measured | target |`);
  console.log(`| ${'-'.repeat(width)} | --- | --- |`);
  for (const { figure, value, target } of rows)
    console.log(`| ${figure.padEnd(width)} | ${value} | ${target} |`);
  raw.commit = gitCommit();
  raw.lineBytes = BYTES_PER_LINE;
  mkdirSync(join(options.out, '..'), { recursive: true });
  writeFileSync(options.out, `${JSON.stringify({ date: new Date().toISOString(), rows, raw }, null, 2)}\n`);
  console.error(`bench: written to ${options.out}`);
}

function gitCommit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

const parts: Record<string, () => Promise<void>> = {
  once: againstPeers,
  serve: catchingUp,
  exposition: rendering,
  memory: memoryAtScale,
  idle: idleProcessor,
  steady: steadyLoad,
  load: loadAtStart,
  growth: growth,
};
for (const part of options.only.split(',')) {
  console.error(`bench: ${part} …`);
  await parts[part]();
}
rmSync(work, { recursive: true, force: true });
report();
