import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { KeyRegistry } from '../../src/keys/registry.ts';
import { Spool } from '../../src/record/spool.ts';
import { asRoot } from '../as-root.ts';
import { endLeftovers, eventually, startExporter, sumOf, temporaryDirectory } from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';
import { ask, filesOf } from './duckdb-of.ts';
import { appendTo } from './spooling.ts';

/** The process that seals has the lowest priority: on a busy machine it waits long for its turn. */
const SEALED_MS = 40_000;

afterEach(endLeftovers);

describe('an exporter and an archive that do not go together', () => {
  const started = async (root: string, store: string, log: string) =>
    startExporter([
      '--record.path',
      root,
      '--store.path',
      store,
      '--log.path',
      log,
      '--record.archive',
      'on',
    ]);

  test('a second exporter is refused the archive of a running one, and a new store on an old archive is told of', async () => {
    const directory = temporaryDirectory();
    const under = (name: string) => join(directory.path, name);
    appendFileSync(under('requests.log'), requestLine());
    const first = await started(under('record'), under('a.db'), under('requests.log'));
    await first.ready();
    const second = await started(under('record'), under('b.db'), under('requests.log'));
    expect(await second.exited).toBe(1);
    expect(second.output()).toMatch(/record\.path .*another exporter is using it; give each its own/);
    await first.end('SIGTERM');
    const again = await started(under('record'), under('a.db'), under('requests.log'));
    await eventually(() => expect(existsSync(under('record/manifest.jsonl'))).toBe(true), SEALED_MS);
    expect(again.output()).not.toMatch(/the store is new/);
    await eventually(async () => {
      const text = await again.metrics();
      expect(text).toMatch(/^atender_exporter_archive_problems 0$/m);
      expect(sumOf(text, 'atender_exporter_archive_last_upkeep_timestamp_seconds')).toBeGreaterThan(1.7e9);
    });
    await again.end('SIGTERM');
    const anew = await started(under('record'), under('c.db'), under('requests.log'));
    await anew.ready();
    expect(anew.output()).toMatch(/the store is new, the archive is not/);
    await anew.end('SIGTERM');
    directory.remove();
  });
});

test('a full disk stops the reading, not the exporter; with room again each line is in the archive once', async () => {
  const directory = temporaryDirectory();
  const under = (name: string) => join(directory.path, name);
  const mount = under('small');
  mkdirSync(mount);
  asRoot('mount', '-t', 'tmpfs', '-o', 'size=8m,mode=777', 'tmpfs', mount);
  try {
    const args = [
      '--record.path',
      join(mount, 'record'),
      '--store.path',
      under('a.db'),
      '--record.archive',
      'on',
    ];
    args.push('--metrics.zero-hold', '0s');
    const exporter = await startExporter([
      ...args,
      '--log.path',
      under('requests.log'),
      '--record.seal-every',
      '1s',
    ]);
    writeFileSync(join(mount, 'ballast'), Buffer.alloc(7.5 * 1024 * 1024));
    let lines = '';
    for (let i = 0; i < 20_000; i++) lines += requestLine({ requestId: `${i}-${'x'.repeat(100)}` });
    appendFileSync(under('requests.log'), lines);
    await eventually(async () =>
      expect(await exporter.metrics()).toMatch(/^atender_exporter_commit_failing 1$/m),
    );
    expect(sumOf(await exporter.metrics(), 'atender_requests_total')).toBeLessThan(20_000);
    rmSync(join(mount, 'ballast'));
    await eventually(async () =>
      expect(sumOf(await exporter.metrics(), 'atender_requests_total')).toBe(20_000),
    );
    await eventually(async () => {
      const count = `SELECT count(*)::INT, count(DISTINCT request_id)::INT FROM ${filesOf(join(mount, 'record'))}`;
      expect(await ask(count)).toEqual([[20_000, 20_000]]);
    }, 40_000);
    expect(await exporter.end('SIGTERM')).toBe(0);
  } finally {
    endLeftovers();
    asRoot('umount', '--lazy', mount);
    directory.remove();
  }
});

test('a segment is closed after its time also when the clock was put back by years meanwhile', () => {
  const directory = temporaryDirectory();
  let now = Date.parse('2036-01-01T00:00:00Z');
  const spool = new Spool({ path: directory.path, sealEvery: 900 }, [], new KeyRegistry([]), () => now);
  const closed = (): boolean[] => {
    appendTo(spool, {});
    const { put } = spool.changes();
    spool.markCommitted();
    return put.map((segment) => segment.closed);
  };
  expect(closed()).toEqual([false]);
  now = Date.parse('2026-11-28T00:00:00Z');
  expect(closed()).toEqual([true]);
  spool.close();
  directory.remove();
});

test('without an archive no DuckDB is loaded and no process started; with one, not into the exporter itself', async () => {
  const directory = temporaryDirectory();
  const under = (name: string) => join(directory.path, name);
  appendFileSync(under('requests.log'), requestLine());
  const children = ({ pid }: { pid: number }) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const hasDuckdb = ({ pid }: { pid: number }) =>
    readFileSync(`/proc/${pid}/maps`, 'utf8').includes('duckdb');
  const args = ['--log.path', under('requests.log'), '--record.path', under('record')];
  const off = await startExporter([...args, '--store.path', under('off.db')]);
  await off.ready();
  expect([hasDuckdb(off), children(off), existsSync(under('record'))]).toEqual([false, '', false]);
  const on = await startExporter([
    ...args,
    '--store.path',
    under('on.db'),
    '--record.archive',
    'on',
    '--record.seal-every',
    '1s',
  ]);
  await eventually(() => expect(existsSync(under('record/manifest.jsonl'))).toBe(true), SEALED_MS);
  expect((await fetch(`${on.url}/api/v1/requests`)).status).toBe(200);
  expect(hasDuckdb(on)).toBe(false);
  await on.end('SIGTERM');
  await off.end('SIGTERM');
  directory.remove();
});
