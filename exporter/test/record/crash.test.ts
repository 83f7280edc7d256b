import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import {
  endLeftovers,
  eventually,
  freePort,
  runCommand,
  startExporter,
  temporaryDirectory,
} from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';
import { ask, filesOf } from './duckdb-of.ts';

/** 8 kills in the normal run, 200 in `npm run test:long`. */
const KILLS = Number(process.env.ATENDER_TEST_KILLS ?? 8);

afterEach(endLeftovers);

test(
  `after ${KILLS} kill -9 of exporter and sealing at random moments, the archive holds each line once`,
  async () => {
    const directory = temporaryDirectory();
    const log = join(directory.path, 'requests.log');
    const root = join(directory.path, 'record');
    const store = join(directory.path, 'exporter.db');
    const port = await freePort();
    const args = ['--log.path', log, '--store.path', store, '--record.archive', 'on', '--record.path', root];
    args.push('--record.seal-every', '1s', '--log.level', 'warn', '--store.commit-interval', '0.2s');
    appendFileSync(log, '');
    let written = 0;
    let writing = true;
    const writer = (async () => {
      while (writing) {
        let lines = '';
        for (let i = 0; i < 1 + Math.random() * 300; i++)
          lines += requestLine({
            // Two days and, by the keys, one class: every change of the archive has more than one file.
            timestamp: Date.now() - (written % 2) * 86_400_000,
            keyId: `key_${written % 7}`,
            requestId: `req-${written++}`,
          });
        const cut = Math.floor(Math.random() * lines.length);
        appendFileSync(log, lines.slice(0, cut));
        await wait(Math.random() * 20);
        appendFileSync(log, lines.slice(cut));
      }
    })();

    for (let kill = 0; kill < KILLS; kill++) {
      const exporter = await startExporter(args, { port });
      const ended = await Promise.race([exporter.exited, wait(300 + Math.random() * 2_500, 'runs')]);
      expect({ ended, output: exporter.output() }).toMatchObject({ ended: 'runs' });
      // Half the time the sealing process goes first, and the exporter with what it had just begun.
      if (kill % 2 === 0) for (const pid of childrenOf(exporter.pid)) killed(pid);
      await exporter.end('SIGKILL');
    }
    writing = false;
    await writer;

    const exporter = await startExporter(args, { port });
    await exporter.ready();
    await eventually(async () => {
      const [[rows, different]] = await ask(
        `SELECT count(*)::DOUBLE, count(DISTINCT request_id)::DOUBLE FROM ${filesOf(root)}`,
      );
      expect({ rows, different }).toEqual({ rows: written, different: written });
    }, 30_000);
    const places = ['--record.path', root, '--store.path', store];
    const verified = await runCommand(['audit', 'verify', ...places]);
    expect(verified.stdout).toMatch(/all as they were written/);
    expect(existsSync(join(root, 'pending.json'))).toBe(false);
    await eventually(() => expect(readdirSync(join(root, 'spool'))).toEqual(['exporter.lock']));
    expect(await exporter.end('SIGTERM')).toBe(0);
    directory.remove();
  },
  60_000 + KILLS * 6_000,
);

test('what is not sealed yet is found by a search beside the running exporter, and neither spool nor file holds a raw key', async () => {
  const directory = temporaryDirectory();
  const log = join(directory.path, 'requests.log');
  const root = join(directory.path, 'record');
  const store = join(directory.path, 'exporter.db');
  const raw = 'sa_live_0123456789abcdefSECRET';
  appendFileSync(
    log,
    requestLine({ keyId: raw, userAgent: `curl ${raw}`, requestId: `r ${raw}`, endpoint: `/v1/a/${raw}` }) +
      requestLine({ keyId: 'key_a', tenantId: 'acme', ip: '2001:db8::1', userAgent: 'x'.repeat(5_000) }),
  );
  const places = ['--record.path', root, '--store.path', store];
  const exporter = await startExporter([...places, '--log.path', log, '--record.archive', 'on']);
  await exporter.ready();
  const all = await runCommand(['audit', 'search', ...places]);
  expect(all.stderr).toMatch(/^2 requests; the archive reaches to /);
  expect(all.stdout).not.toContain('SECRET');
  const one = await runCommand(['audit', 'search', ...places, '--ip', '2001:db8::/32']);
  expect(JSON.parse(one.stdout)).toMatchObject({
    key_id: 'key_a',
    tenant_id: 'acme',
    user_agent: 'x'.repeat(256),
  });
  const byRawKey = await runCommand(['audit', 'search', ...places, '--key', raw]);
  expect(byRawKey.stdout.trim().split('\n')).toHaveLength(1);
  for (const name of readdirSync(join(root, 'spool')))
    expect(readFileSync(join(root, 'spool', name), 'latin1')).not.toContain('SECRET');
  expect(await exporter.end('SIGTERM')).toBe(0);
  directory.remove();
});

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was just done.
  }
}

/** Process ids of a process's children; Linux only. */
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
