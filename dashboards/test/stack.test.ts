import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { eventually, freePort, temporaryDirectory } from '../../exporter/test/exporter-process.ts';
import { requestLine, writeRequests } from '../../exporter/test/log-lines.ts';

let stack: ChildProcess | undefined;
const directory = temporaryDirectory();

afterEach(async () => {
  if (stack && stack.exitCode === null) {
    stack.kill('SIGTERM');
    await once(stack, 'exit');
  }
  directory.remove();
});

test('a line that is written to the log is seen through Prometheus, and an alert through Alertmanager', async () => {
  const log = join(directory.path, 'requests.log');
  writeFileSync(log, requestLine({ keyId: 'key_stack' }));
  // The stack takes four ports in a row; these are free unless somebody takes one meanwhile.
  const port = await freePort();
  const args = ['--directory', directory.path, '--log.path', log, '--port', String(port)];
  stack = spawn('npx', ['tsx', 'scripts/stack.ts', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [stack.stdout!, stack.stderr!])
    stream.on('data', (chunk) => {
      said += chunk;
    });
  await eventually(() => {
    if (stack?.exitCode !== null) throw new Error(said);
    expect(said).toContain('stack: up');
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
}, 180_000);
