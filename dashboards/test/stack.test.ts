import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { parse } from 'yaml';
import { run } from '../../alerting/test/pack.ts';
import { eventually, freePort, temporaryDirectory } from '../../exporter/test/exporter-process.ts';
import { requestLine, writeRequests } from '../../exporter/test/log-lines.ts';

const PACKAGE = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { stack: string } };

let stack: ChildProcess | undefined;
const directory = temporaryDirectory();

afterEach(async () => {
  if (stack && stack.exitCode === null) {
    stack.kill('SIGTERM');
    await once(stack, 'exit');
  }
});
afterAll(directory.remove);

/** The command of `npm run stack` without the build. */
const COMMAND = PACKAGE.scripts.stack.replace('npm run --silent build', 'true');

/** Starts the stack in a shell, as npm does. npm signals only the shell. `said` collects the output. */
function startStack(args: string[], env: Record<string, string> = {}) {
  const child = spawn('/bin/sh', ['-c', `${COMMAND} "$@"`, 'sh', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  stack = child;
  const output = { said: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output.said += chunk;
    });
  return { child, output };
}

test('a new log line appears in Prometheus, and an alert in Alertmanager', async () => {
  const log = join(directory.path, 'requests.log');
  writeFileSync(log, requestLine({ keyId: 'key_stack' }));
  // The stack uses consecutive ports from this one.
  const port = await freePort();
  const args = ['--directory', directory.path, '--log.path', log, '--port', String(port)];
  const { child, output } = startStack(args);
  await eventually(() => {
    if (child.exitCode !== null) throw new Error(output.said);
    expect(output.said).toContain('stack: up');
  }, 60_000);

  const query = 'sum(atender_requests_total{key_id="key_stack"})';
  const seen = async (): Promise<string> => {
    const url = `http://127.0.0.1:${port + 1}/api/v1/query?query=${encodeURIComponent(query)}`;
    const body = (await (await fetch(url)).json()) as { data: { result: { value: [number, string] }[] } };
    return body.data.result[0]?.value[1] ?? 'nothing';
  };
  await eventually(async () => expect(await seen()).toBe('1'), 40_000);
  writeRequests(log, 4, { keyId: 'key_stack' });
  await eventually(async () => expect(await seen()).toBe('5'), 40_000);
  await eventually(async () => {
    const alerts = await (await fetch(`http://127.0.0.1:${port + 2}/api/v2/alerts`)).text();
    expect(alerts).toContain('AtenderWatchdog');
  }, 60_000);
  // The dead-man's receiver would have been notified by now, and again after 30 s.
  await wait(35_000);
  expect(output.said.match(/No secrets\/: alerts are shown, nobody is notified/g)).toHaveLength(1);
  expect(output.said).not.toMatch(/level=(warn|error)/);
  const config = join(directory.path, 'alertmanager.yml');
  expect(run('amtool', ['check-config', config]).status).toBe(0);
  const { route, receivers, inhibit_rules } = parse(readFileSync(config, 'utf8'));
  const pack = parse(readFileSync('alerting/alertmanager/alertmanager.yml', 'utf8'));
  expect({ route, inhibit_rules }).toEqual({ route: pack.route, inhibit_rules: pack.inhibit_rules });
  for (const receiver of receivers) expect(Object.keys(receiver)).toEqual(['name']);

  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([0, null]);
  for (const offset of [0, 1, 2, 4]) expect(await isFree(port + offset)).toBe(true);
}, 180_000);

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  const free = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.close();
  return free;
}

test('if one process is killed, the stack ends and leaves nothing running', async () => {
  const log = join(directory.path, 'killed.log');
  writeFileSync(log, requestLine());
  const port = await freePort();
  const place = join(directory.path, 'killed');
  const { child, output } = startStack(['--directory', place, '--log.path', log, '--port', String(port)]);
  await eventually(() => expect(output.said).toContain('stack: up'), 60_000);
  const redis = new Redis(port + 4);
  const [, pid] = /process_id:(\d+)/.exec(await redis.info('server'))!;
  redis.disconnect();
  process.kill(Number(pid), 'SIGKILL');
  const began = Date.now();
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(Date.now() - began).toBeLessThan(8_000);
  expect(output.said).toMatch(/stack: redis-server .* ended \(SIGKILL\)/);
  for (const offset of [0, 1, 2, 4]) expect(await isFree(port + offset)).toBe(true);
}, 120_000);

test('names a used port and missing programs before it starts anything', async () => {
  const port = await freePort();
  const taken = createServer().listen(port, '127.0.0.1');
  await once(taken, 'listening');
  const place = join(directory.path, 'nothing');
  const inTheWay = startStack(['--directory', place, '--port', String(port)]);
  expect(await once(inTheWay.child, 'close')).toEqual([1, null]);
  expect(inTheWay.output.said).toContain(`port ${port} for exporter cannot be had`);
  taken.close();

  const bin = join(directory.path, 'bin');
  mkdirSync(bin);
  symlinkSync('/bin/sh', join(bin, 'sh'));
  symlinkSync(process.execPath, join(bin, 'node'));
  const missing = startStack(['--directory', place, '--port', String(port)], { PATH: bin });
  expect(await once(missing.child, 'close')).toEqual([1, null]);
  expect(missing.output.said).toContain('not on PATH: prometheus, alertmanager, redis-server');
  expect(existsSync(place)).toBe(false);
}, 60_000);
