import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { noChanges } from '../../src/ingest/publication-parts.ts';
import { MIGRATIONS } from '../../src/store/schema.ts';
import { openStore, openStoreForReading } from '../../src/store/sqlite.ts';
import type { Loaded, Store } from '../../src/store/store.ts';
import type { StoreError } from '../../src/store/store-errors.ts';
import { failed } from '../../src/store/store-errors.ts';
import { readScopes } from '../../src/usage/scope-uses.ts';
import { asRoot } from '../as-root.ts';
import { temporaryDirectory } from '../exporter-process.ts';
import { commitOf, positionAt, today } from './commits.ts';

const KILLS = Number(process.env.ATENDER_TEST_KILLS ?? 8);
let directory: { path: string; remove: () => void };
let path: string;
const open: Store[] = [];

beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'store', 'usage.db');
});

afterEach(() => {
  for (const store of open.splice(0)) store.close();
  directory.remove();
});

function opened(): Store {
  const store = openStore(path);
  open.push(store);
  return store;
}

function closed(): void {
  for (const store of open.splice(0)) store.close();
}

/** What another process reads of the store now. */
function contentsOf(file: string): Loaded {
  const reader = openStoreForReading(file);
  try {
    return reader.load();
  } finally {
    reader.close();
  }
}

function errorOf(action: () => unknown): StoreError {
  try {
    action();
  } catch (error) {
    return error as StoreError;
  }
  throw new Error('nothing was thrown');
}

/** As the daily aggregates have it. */
function requestsToday(): number {
  const reader = openStoreForReading(path);
  try {
    return reader.daily.days(0, { from: today(), to: today() })[0].requests;
  } finally {
    reader.close();
  }
}

describe('what was committed is what is loaded', () => {
  test('every table, exactly, after closing and opening', () => {
    const store = opened();
    expect(store.load().first).toBe(true);
    store.commit(commitOf(7), false);
    expect(store.load().first).toBe(true);
    store.commit(commitOf(8), true);
    closed();
    const loaded = opened().load();
    const { changes, positions, counters } = commitOf(8);
    expect(loaded.first).toBe(false);
    expect(loaded.positions).toEqual(positions.put);
    expect(loaded.counters).toEqual(counters);
    expect({ ...loaded.changes, ips: 0, days: 0, keyUsage: 0 }).toEqual({
      ...changes,
      ips: 0,
      days: 0,
      keyUsage: 0,
    });
    expect(loaded.changes.keyUsage[0]).toEqual({
      ...changes.keyUsage[0],
      scopes: Buffer.from(changes.keyUsage[0].scopes),
      windows: Buffer.from([1, 8]),
    });
    expect([...loaded.changes.ips].map(({ ip }) => [...ip])).toEqual([
      [192, 0, 2, 7],
      [192, 0, 2, 8],
    ]);
    expect(requestsToday()).toBe(2);
  });

  test('numbers come back to the last bit, and dropped positions are gone', () => {
    const store = opened();
    const commit = commitOf(1);
    commit.changes.values.value[0] = 2 ** 53 - 1;
    commit.changes.histograms[0].sum = 0.1 + 0.2;
    commit.positions.put.push({ ...positionAt(4), id: 2 });
    store.commit(commit, true);
    store.commit({ changes: noChanges(), positions: { put: [], drop: [1] }, counters: [] }, true);
    const loaded = store.load();
    expect(loaded.changes.values.value[0]).toBe(2 ** 53 - 1);
    expect(loaded.changes.histograms[0].sum).toBe(0.1 + 0.2);
    expect(loaded.positions.map(({ id }) => id)).toEqual([2]);
  });

  test('a sketch takes the place of the exact addresses of its key', () => {
    const store = opened();
    store.commit(commitOf(1), true);
    const changes = noChanges();
    changes.sketches.push({ key: 0, registers: Uint8Array.of(1, 2) });
    store.commit({ changes, positions: { put: [], drop: [] }, counters: [] }, true);
    expect([...store.load().changes.ips]).toEqual([]);
    expect([...store.load().changes.sketches[0].registers]).toEqual([1, 2]);
  });

  test('any series of commits equals a map of the last values', () => {
    const values = fc.array(
      fc.tuple(fc.nat(600), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean()),
      {
        maxLength: 700,
      },
    );
    fc.assert(
      fc.property(fc.array(values, { maxLength: 4 }), (commits) => {
        closed();
        rmSync(join(directory.path, 'store'), { recursive: true, force: true });
        const store = opened();
        const model = new Map<number, [number, number]>();
        for (const rows of commits) {
          const distinct = new Map(
            rows.map(([series, value, held]) => [
              series,
              [value, held ? 1.5 : Number.NaN] as [number, number],
            ]),
          );
          for (const [series, row] of distinct) model.set(series, row);
          const changes = noChanges();
          changes.values = {
            series: Uint32Array.from(distinct.keys()),
            value: Float64Array.from([...distinct.values()].map(([value]) => value)),
            held: Float64Array.from([...distinct.values()].map(([, held]) => held)),
            parked: new Uint8Array(distinct.size),
            movedAt: new Float64Array(distinct.size),
          };
          store.commit({ changes, positions: { put: [], drop: [] }, counters: [] }, true);
        }
        const { series, value, held } = store.load().changes.values;
        expect([...series].map((number, i) => [number, value[i], held[i]])).toEqual(
          [...model].sort(([a], [b]) => a - b).map(([number, [worth, held]]) => [number, worth, held]),
        );
      }),
      { numRuns: 15 },
    );
  });
});

test('a store of an earlier version is brought to this one, with all it holds', () => {
  mkdirSync(join(directory.path, 'store'));
  const Database = createRequire(import.meta.url)('libsql');
  const db = new Database(path);
  for (const change of MIGRATIONS.slice(0, 4)) db.exec(change);
  db.exec(`PRAGMA user_version = 4;
    INSERT INTO series_values VALUES (0, 0.1, NULL, 0, 1.5), (159, 9007199254740991, 2, 1, 2), (160, 7, 0, 0, 3);
    INSERT INTO key_usage VALUES (0, 1, 1, 0, 0, '[]', x'00'), (1, 1, 1, 0, 0, '[]', x'00'), (2, 1, 1, 0, 0, '[]', x'00');
    INSERT INTO scopes VALUES (1, 'a"b', 1764090000.123457), (1, 'tags:read', 2), (2, 'tags:read', 3)`);
  db.close();
  opened().commit(commitOf(1), true);
  closed();
  const { values, keyUsage } = opened().load().changes;
  expect(keyUsage.map(({ scopes }) => readScopes(scopes))).toEqual([
    [{ scope: 'contacts:read', lastUsed: 1 }],
    [
      { scope: 'a"b', lastUsed: 1764090000.123457 },
      { scope: 'tags:read', lastUsed: 2 },
    ],
    [{ scope: 'tags:read', lastUsed: 3 }],
  ]);
  expect(values).toEqual({
    series: Uint32Array.of(0, 159, 160),
    value: Float64Array.of(1, 9007199254740991, 7),
    held: Float64Array.of(Number.NaN, 2, 0),
    parked: Uint8Array.of(0, 1, 0),
    movedAt: Float64Array.of(1.7e9 + 1, 2, 3),
  });
});

test('cursors of the journal are committed with the rest, and a store from before there were any opens', () => {
  mkdirSync(join(directory.path, 'store'));
  const Database = createRequire(import.meta.url)('libsql');
  const db = new Database(path);
  for (const change of MIGRATIONS.slice(0, 4)) db.exec(change);
  db.exec('PRAGMA user_version = 4');
  db.close();
  const store = opened();
  expect(store.load().cursors).toEqual([]);
  const cursor = { source: 'api', cursor: 's=1;i=2', done: true };
  store.commit({ ...commitOf(1), cursors: [cursor, { source: 'web', cursor: '', done: false }] }, true);
  store.commit({ ...commitOf(2), cursors: [{ ...cursor, cursor: 's=1;i=3' }] }, true);
  closed();
  expect(opened().load().cursors).toEqual([
    { ...cursor, cursor: 's=1;i=3' },
    { source: 'web', cursor: '', done: false },
  ]);
});

test(`after ${KILLS} kill -9 while committing, the store holds the last commit that returned or the next, never half of one`, async () => {
  const script = fileURLToPath(new URL('committer.ts', import.meta.url));
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, ['--import', 'tsx', script, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let written = '';
    child.stdout.on('data', (chunk) => {
      written += chunk;
    });
    const exit = once(child, 'exit');
    await once(child.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
    child.kill('SIGKILL');
    await exit;
    const returned = Number(written.trim().split('\n').at(-1));
    const loaded = opened().load();
    const step = loaded.changes.values.value[0];
    expect([returned, returned + 1]).toContain(step);
    const { changes, positions, counters } = commitOf(step);
    expect(loaded.positions).toEqual(positions.put);
    expect(loaded.counters).toEqual(counters);
    expect(loaded.changes.histograms).toEqual(changes.histograms);
    expect([...loaded.changes.keyUsage[0].scopes]).toEqual([...changes.keyUsage[0].scopes]);
    expect(requestsToday()).toBe(step);
    closed();
  }
}, 120_000);

describe('a store that cannot be trusted is refused with file, reason and remedy', () => {
  const bytes = () => readFileSync(path);
  function refusal(): string {
    const before = existsSync(path) ? bytes() : undefined;
    const error = errorOf(() => openStore(path));
    expect(error).toMatchObject({ name: 'StoreError', fatal: true });
    expect(error.message).toContain(path);
    if (before) expect(bytes().equals(before)).toBe(true);
    return error.message;
  }
  beforeEach(() => {
    opened().commit(commitOf(1), true);
    closed();
  });

  test('empty', () => {
    truncateSync(path, 0);
    expect(refusal()).toMatch(/empty.*restore it/);
  });
  test('truncated in a page, and at a page boundary', () => {
    const whole = bytes();
    truncateSync(path, 10_000);
    expect(refusal()).toMatch(/truncated/);
    writeFileSync(path, whole.subarray(0, 8_192));
    expect(refusal()).toMatch(/truncated/);
  });
  test('overwritten with something else', () => {
    writeFileSync(path, 'request log line\n'.repeat(5_000));
    expect(refusal()).toMatch(/not a database/);
  });
  test('damaged within', () => {
    const damaged = bytes();
    damaged.fill(0x5a, 4_096, 12_000);
    writeFileSync(path, damaged);
    expect(refusal()).toMatch(/damaged/);
  });
  test('of a newer version', () => {
    const Database = createRequire(import.meta.url)('libsql');
    const db = new Database(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    const error = errorOf(() => openStore(path));
    expect(error.message).toMatch(/version 99.*newer exporter/);
  });
  test('gone, but with commits left in its log', () => {
    renameSync(path, `${path}.away`);
    writeFileSync(`${path}-wal`, 'x');
    expect(refusal()).toMatch(/gone/);
    expect(existsSync(path)).toBe(false);
  });
  test('a directory', () => {
    rmSync(path);
    mkdirSync(path);
    expect(errorOf(() => openStore(path)).message).toMatch(/not a file/);
  });
  test('where its lock cannot be made', () => {
    const { message } = errorOf(() => openStore('/proc/exporter.db'));
    expect(message).toMatch(/^store \/proc\/exporter\.db: .*SQLITE_CANTOPEN.*make .* writable/);
    expect(message).not.toMatch(/Connection/);
  });
  test('on a full disk; opened once there is space', () => {
    const mount = join(directory.path, 'small');
    mkdirSync(mount);
    asRoot('mount', '-t', 'tmpfs', '-o', 'size=1m,mode=777', 'tmpfs', mount);
    try {
      copyFileSync(path, join(mount, 'usage.db'));
      path = join(mount, 'usage.db');
      const ballast = join(mount, 'ballast');
      fill(ballast);
      expect(errorOf(() => openStore(path))).toMatchObject({
        fatal: false,
        message: expect.stringMatching(/free space on its disk/),
      });
      rmSync(ballast);
      expect(opened().load().changes.values.value[0]).toBe(1);
    } finally {
      closed();
      asRoot('umount', '--lazy', mount);
    }
  });
  test('where files may not be made beside it, of which the engine knows a number only', () => {
    const cause = Object.assign(new Error('attempt to write a readonly database'), {
      code: 'UNKNOWN_SQLITE_ERROR_1544',
    });
    expect(failed(path, 'it cannot be opened', cause)).toMatchObject({
      fatal: false,
      message: expect.stringMatching(/SQLITE_READONLY\); make the file and its directory writable/),
    });
  });
  test('in use by another exporter; readable beside it all the same', () => {
    opened();
    expect(errorOf(() => openStore(path)).message).toMatch(/another exporter/);
    expect(contentsOf(path).counters).toHaveLength(1);
  });
});

test('only the owner may read the store', () => {
  opened();
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

describe('a commit that fails changes nothing, says why, and the next one works once the cause is gone', () => {
  test('the file was taken away, or replaced', () => {
    const store = opened();
    store.commit(commitOf(1), true);
    renameSync(path, `${path}.away`);
    expect(errorOf(() => store.commit(commitOf(2), true))).toMatchObject({
      fatal: false,
      message: expect.stringMatching(/was removed/),
    });
    copyFileSync(`${path}.away`, path);
    expect(errorOf(() => store.commit(commitOf(2), true)).message).toMatch(/was replaced/);
    renameSync(`${path}.away`, path);
    store.commit(commitOf(2), true);
    expect(store.load().changes.values.value[0]).toBe(2);
  });

  test('a value that cannot be stored, after the days were written', () => {
    const store = opened();
    store.commit(commitOf(1), true);
    const broken = commitOf(2);
    broken.positions.put[0].source = null as unknown as string;
    expect(errorOf(() => store.commit(broken, true)).message).toMatch(/NOT NULL/);
    store.commit(commitOf(2), true);
    expect(requestsToday()).toBe(2);
  });

  test('a full disk', () => {
    const mount = join(directory.path, 'small');
    mkdirSync(mount);
    asRoot('mount', '-t', 'tmpfs', '-o', 'size=1m,mode=777', 'tmpfs', mount);
    try {
      path = join(mount, 'usage.db');
      const store = opened();
      store.commit(commitOf(1), true);
      const ballast = join(mount, 'ballast');
      fill(ballast);
      const large = commitOf(2);
      large.changes.ips = Array.from({ length: 30_000 }, (_, i) => ({
        key: 1,
        ip: Uint8Array.of(10, i >> 16, (i >> 8) & 255, i & 255),
        first: 1,
        last: 1,
      }));
      const error = errorOf(() => store.commit(large, true));
      expect(error).toMatchObject({ name: 'StoreError', fatal: false });
      expect(error.message).toMatch(/free space/);
      expect(contentsOf(path).changes.values.value[0]).toBe(1);
      rmSync(ballast);
      store.commit(commitOf(3), true);
      expect(store.load().changes.values.value[0]).toBe(3);
      closed();
    } finally {
      closed();
      asRoot('umount', '--lazy', mount);
    }
  });
});

function fill(file: string): void {
  for (let size = 262_144; size >= 4_096; size /= 2)
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
    }
}
