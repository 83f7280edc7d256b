import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  COMMAND,
  type ExporterProcess,
  endLeftovers,
  eventually,
  freePort,
  startExporter,
  sumOf,
  temporaryDirectory,
} from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';

let directory: ReturnType<typeof temporaryDirectory>;
const at = (name: string) => join(directory.path, name);

beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => {
  endLeftovers();
  directory.remove();
});

const OPTIONS = ['--metrics.zero-hold', '0s', '--store.commit-interval', '100ms'];
const storeArgs = () => ['--store.path', at('exporter.db'), ...OPTIONS];

const totals = async (exporter: { metrics(): Promise<string> }) => {
  const text = await exporter.metrics();
  return {
    requests: sumOf(text, 'atender_requests_total'),
    lines: sumOf(text, 'atender_exporter_lines_total'),
    rejected: sumOf(text, 'atender_exporter_lines_rejected_total'),
    bytes: sumOf(text, 'atender_exporter_bytes_total'),
  };
};

/** Starts an exporter whose standard input a shell connects; `left` is what stands before the command. */
async function startWithInput(shell: string, ...args: string[]) {
  const port = await freePort();
  const child = spawn(
    'sh',
    [
      ...['-c', shell, 'sh', process.execPath, COMMAND, 'serve', '--log.path', '-'],
      ...['--web.listen-address', `127.0.0.1:${port}`, ...storeArgs(), ...args],
    ],
    { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const url = `http://127.0.0.1:${port}`;
  const exited = once(child, 'exit');
  return {
    child,
    output: () => output,
    metrics: async () => (await fetch(`${url}/metrics`)).text(),
    healthy: async () => (await fetch(`${url}/-/healthy`)).status,
    end: async () => {
      try {
        process.kill(-child.pid!, 'SIGTERM');
      } catch {
        // It has ended already.
      }
      await exited;
    },
  };
}

test.each([
  ['a socket', 'exec "$@"'],
  ['a pipe', 'cat | "$@"'],
])('reads standard input that is %s, and serves on when it has ended', async (_, shell) => {
  const exporter = await startWithInput(shell);
  try {
    exporter.child.stdin.write(requestLine().repeat(20_000));
    exporter.child.stdin.write(requestLine().trimEnd().slice(0, 20));
    await eventually(async () => expect((await totals(exporter)).requests).toBe(20_000));
    exporter.child.stdin.end(requestLine().slice(20).trimEnd());
    await eventually(async () => {
      expect((await totals(exporter)).requests).toBe(20_001);
      expect(exporter.output()).toContain('standard input has ended');
    });
    await wait(300);
    expect(await exporter.healthy()).toBe(200);
    expect(sumOf(await exporter.metrics(), 'atender_exporter_files_open')).toBe(0);
    const look = () =>
      exporter.metrics().then((text) => sumOf(text, 'atender_exporter_last_look_timestamp_seconds'));
    const before = await look();
    await wait(2_500);
    expect(await look()).toBe(before);
  } finally {
    await exporter.end();
  }
});

test('reads standard input that is a file, and keeps its counts over a restart', async () => {
  const path = at('once.log');
  writeFileSync(path, `${requestLine({ keyId: 'key_file' }).repeat(50_000)}{"cut":`);
  const exporter = await startWithInput(`exec "$@" < ${path}`);
  await eventually(async () => expect((await totals(exporter)).requests).toBe(50_000));
  expect((await totals(exporter)).rejected).toBe(1);
  await exporter.end();
  const next = await startExporter(['--log.path', '-', ...storeArgs()]);
  await eventually(() => expect(next.output()).toContain('standard input has ended'));
  await next.ready();
  expect((await totals(next)).requests).toBe(50_000);
  await next.end('SIGTERM');
});

test('holds back a writer that is faster than the exporter, in bounded memory', async () => {
  const exporter = await startWithInput(
    'yes "$LINE" | head -n 3000000 | "$@"'.replace('$LINE', requestLine().trim().replaceAll('"', '\\"')),
  );
  try {
    let most = 0;
    await eventually(async () => {
      const text = await exporter.metrics();
      most = Math.max(most, sumOf(text, 'process_resident_memory_bytes'));
      expect(sumOf(text, 'atender_requests_total')).toBe(3_000_000);
    }, 50_000);
    expect(most).toBeLessThan(400e6);
  } finally {
    await exporter.end();
  }
});

test('refuses two sources that read standard input', async () => {
  const config = at('exporter.yaml');
  writeFileSync(config, 'log:\n  path: ["-"]\n  sources: [{ name: other, path: ["-"] }]\n');
  const { status, stderr } = spawnSync(process.execPath, [COMMAND, 'check-config', '--config.file', config], {
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/default and other read standard input/);
});

test('reads a FIFO over several writers, and while none has it open', async () => {
  const fifo = at('requests.fifo');
  spawnSync('mkfifo', [fifo]);
  const exporter = await startExporter(['--log.path', fifo, ...storeArgs()]);
  await exporter.ready();
  const write = (text: string) => {
    const fd = openSync(fifo, constants.O_WRONLY);
    writeSync(fd, text);
    closeSync(fd);
  };
  for (let i = 1; i <= 5; i++) {
    write(requestLine().repeat(10));
    await eventually(async () => expect((await totals(exporter)).requests).toBe(10 * i));
  }
  // A writer that ends without a newline has written its last line; one that ends within a line, a partial one.
  write(requestLine().trimEnd());
  await eventually(async () => expect((await totals(exporter)).requests).toBe(51));
  write('{"timestamp":');
  await eventually(async () =>
    expect(sumOf(await exporter.metrics(), 'atender_exporter_lines_rejected_total', 'reason="partial"')).toBe(
      1,
    ),
  );
  write(requestLine());
  await eventually(async () => expect((await totals(exporter)).requests).toBe(52));
  const text = await exporter.metrics();
  expect(sumOf(text, 'atender_exporter_file_errors_total')).toBe(0);
  expect(sumOf(text, 'atender_exporter_files_open')).toBe(1);
  expect(await exporter.end('SIGTERM')).toBe(0);
});

test('goes on with a FIFO that was replaced, and with the file that takes its place', async () => {
  const fifo = at('requests.log');
  spawnSync('mkfifo', [fifo]);
  const exporter = await startExporter(['--log.path', fifo, ...storeArgs()]);
  await exporter.ready();
  const old = openSync(fifo, constants.O_WRONLY);
  writeSync(old, requestLine());
  renameSync(fifo, at('old'));
  spawnSync('mkfifo', [fifo]);
  writeSync(old, requestLine());
  closeSync(old);
  const fd = await eventually(() => openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
  writeSync(fd, requestLine());
  closeSync(fd);
  await eventually(async () => expect((await totals(exporter)).requests).toBe(3));
  rmSync(fifo);
  writeFileSync(fifo, requestLine());
  await eventually(async () => expect((await totals(exporter)).requests).toBe(4));
});

test('counts every line of fast writers to a FIFO', async () => {
  const fifo = at('requests.fifo');
  spawnSync('mkfifo', [fifo]);
  const exporter: ExporterProcess = await startExporter(['--log.path', fifo, ...storeArgs()]);
  await exporter.ready();
  const file = at('lines');
  writeFileSync(file, requestLine().repeat(100_000));
  for (let i = 0; i < 3; i++) spawnSync('sh', ['-c', 'cat "$1" > "$2"', 'sh', file, fifo]);
  await eventually(async () => expect((await totals(exporter)).requests).toBe(300_000), 20_000);
  expect((await totals(exporter)).rejected).toBe(0);
});
