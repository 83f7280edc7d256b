import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { endLeftovers, eventually, startExporter, temporaryDirectory } from '../exporter-process.ts';
import { writeRequests } from '../log-lines.ts';

let directory: { path: string; remove: () => void };
let config: string;
let keys: string;

beforeEach(() => {
  directory = temporaryDirectory();
  config = join(directory.path, 'exporter.yaml');
  keys = join(directory.path, 'keys.yaml');
  writeFileSync(keys, keysFile('first owner'));
  writeFileSync(config, configFile('requests.log'));
  writeRequests(join(directory.path, 'requests.log'), 3);
  writeRequests(join(directory.path, 'later.log'), 4, { keyId: 'key_later' });
});

afterEach(() => {
  endLeftovers();
  directory.remove();
});

const keysFile = (owner: string) => `keys:\n  - id: key_test\n    name: Test\n    owner: ${owner}\n`;
const configFile = (...logs: string[]) =>
  [
    'log:',
    `  path: [${logs.map((log) => JSON.stringify(join(directory.path, log))).join(', ')}]`,
    'keys:',
    `  file: ${JSON.stringify(keys)}`,
    'store:',
    `  path: ${JSON.stringify(join(directory.path, 'exporter.db'))}`,
    'metrics:',
    '  zeroHold: 0s',
    '',
  ].join('\n');

const start = async () => {
  const exporter = await startExporter(['--config.file', config]);
  await exporter.ready();
  await eventually(async () => expect(await exporter.metrics()).toContain('owner="first owner"'));
  return exporter;
};

test('a changed keys file is noticed without a signal', async () => {
  const exporter = await start();
  writeFileSync(keys, keysFile('second owner'));
  await eventually(async () => expect(await exporter.metrics()).toContain('owner="second owner"'));
});

test('a keys file that is empty at the start and is being written is waited for', async () => {
  writeFileSync(keys, '');
  const exporter = await startExporter(['--config.file', config]);
  await wait(600);
  expect(exporter.output()).toBe('');
  writeFileSync(keys, keysFile('first owner'));
  await exporter.ready();
  await eventually(async () => expect(await exporter.metrics()).toContain('owner="first owner"'));
});

test('a keys file that stays empty is an error after two seconds', async () => {
  writeFileSync(keys, '');
  const began = Date.now();
  const exporter = await startExporter(['--config.file', config]);
  expect(await exporter.exited).toBe(1);
  expect(Date.now() - began).toBeGreaterThan(2000);
  expect(Date.now() - began).toBeLessThan(15_000);
  expect(exporter.output()).toContain('the file is empty');
  expect(exporter.output()).toContain('write `keys: []` if there are no keys');
}, 20_000);

test('a keys file that changes while the exporter starts is noticed', async () => {
  const exporter = await startExporter(['--config.file', config]);
  // The store is opened after the keys file was read and before anything watches it.
  const deadline = Date.now() + 10_000;
  while (!existsSync(join(directory.path, 'exporter.db')) && Date.now() < deadline)
    await new Promise(setImmediate);
  writeFileSync(keys, keysFile('second owner'));
  await exporter.ready();
  await eventually(async () => expect(await exporter.metrics()).toContain('owner="second owner"'));
});

test('SIGHUP takes a new configuration over', async () => {
  const exporter = await start();
  writeFileSync(config, configFile('requests.log', 'later.log'));
  process.kill(exporter.pid, 'SIGHUP');
  await eventually(async () =>
    expect(await exporter.metrics()).toMatch(/atender_requests_total\{key_id="key_later",.*\} 4\n/),
  );
});

test('POST /-/reload answers 200 when the new configuration holds', async () => {
  const exporter = await start();
  writeFileSync(config, configFile('requests.log', 'later.log'));
  const answer = await fetch(`${exporter.url}/-/reload`, { method: 'POST' });
  expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
  await eventually(async () => expect(await exporter.metrics()).toContain('key_id="key_later"'));
});

test('a bad configuration or keys file changes nothing and is reported with its place', async () => {
  const exporter = await start();
  writeFileSync(config, `${configFile('later.log')}nonsense: 1\n`);
  writeFileSync(keys, 'keys:\n  - id: key_test\n    tier: platinum\n');
  const answer = await fetch(`${exporter.url}/-/reload`, { method: 'POST' });
  const text = await answer.text();
  expect(answer.status).toBe(500);
  expect(text).toContain('nonsense');
  expect(text).toContain('tier');
  await eventually(async () => {
    const metrics = await exporter.metrics();
    expect(metrics).toMatch(/atender_exporter_config_last_reload_successful 0/);
    expect(metrics).toContain('owner="first owner"');
    expect(metrics).not.toContain('key_later');
  });
  expect(exporter.output()).toContain('nonsense');
});
