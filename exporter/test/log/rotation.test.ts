import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Discovery } from '../../src/log/discovery.ts';
import { asRoot } from '../as-root.ts';
import { numbered, source, TailerRun, temporaryDirectory, text } from './tailer-run.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let log: string;
let run: TailerRun | undefined;

beforeEach(() => {
  directory = temporaryDirectory();
  log = join(directory.path, 'app.log');
});
afterEach(() => {
  run?.tailer.close();
  run = undefined;
  jest.restoreAllMocks();
  directory.remove();
});

const following = (...paths: string[]): TailerRun => {
  run = new TailerRun(source(paths.length > 0 ? paths : log));
  return run;
};

/** Long enough that a head is full and a block does not hold it all. */
const many = (from: number, count = 100) => numbered(from, from + count - 1);

describe('a file is known by more than its inode', () => {
  test('another content under the reused inode is read from its beginning', async () => {
    const run = following();
    writeFileSync(log, text(many(1)));
    await run.drain();
    run.stop();
    const { ino } = statSync(log);
    // The same inode with other bytes, longer than what was read, is what inode reuse looks like.
    writeFileSync(log, text(many(1001, 300)));
    expect(statSync(log).ino).toBe(ino);
    run.start();
    expect(await run.drain()).toEqual([...many(1), ...many(1001, 300)]);
  });

  test('two files with the same head and different content are both read', async () => {
    const head = `${'# the same preamble '.repeat(100)}\n`;
    const run = following();
    writeFileSync(log, head + text(many(1)));
    await run.drain();
    renameSync(log, `${log}.1`);
    writeFileSync(log, head + text(many(2001)));
    const lines = await run.drain();
    expect(lines.filter((line) => line.startsWith('line'))).toEqual([...many(1), ...many(2001)]);
  });

  test('two files with the same head are told apart while the exporter is stopped, too', async () => {
    const head = `${'# the same preamble '.repeat(100)}\n`;
    const run = following();
    writeFileSync(log, head + text(many(1)));
    await run.drain();
    run.stop();
    renameSync(log, `${log}.1`);
    writeFileSync(log, head + text(many(2001, 150)));
    run.start();
    const lines = await run.drain();
    expect(lines.filter((line) => line.startsWith('line'))).toEqual([...many(1), ...many(2001, 150)]);
  });

  test('an empty file is followed, and so is what is written to it', async () => {
    writeFileSync(log, '');
    const run = following();
    await run.drain();
    run.crash();
    appendFileSync(log, text(many(1, 3)));
    expect(await run.drain()).toEqual(many(1, 3));
  });

  test('an empty file that is rotated while stopped, and its successor', async () => {
    writeFileSync(log, '');
    const run = following();
    await run.drain();
    run.stop();
    appendFileSync(log, text(many(1, 3)));
    renameSync(log, `${log}.1`);
    writeFileSync(log, text(many(4, 3)));
    run.start();
    expect(await run.drain()).toEqual(many(1, 6));
  });

  test('a file that grows past its head size goes on, across restarts at every size', async () => {
    const run = following();
    for (let i = 0; i < 40; i++) {
      appendFileSync(log, text(many(i * 3, 3)));
      run.poll();
      run.read();
      run.commit();
      run.crash();
    }
    expect(await run.drain()).toEqual(many(0, 120));
  });

  test('mounted anew while it is followed, with the same content and more, goes on where it was', async () => {
    const mount = () => asRoot('mount', '-t', 'tmpfs', '-o', 'mode=777', 'tmpfs', directory.path);
    mount();
    try {
      const run = following();
      writeFileSync(log, text(many(1)));
      await run.drain(3);
      asRoot('umount', '--lazy', directory.path);
      await run.drain(3);
      mount();
      writeFileSync(log, text(many(1, 110)));
      expect(await run.drain()).toEqual(many(1, 110));
      appendFileSync(log, text(many(111, 5)));
      expect(await run.drain()).toEqual(many(1, 115));
      expect(run.lost()).toBe(0);
    } finally {
      asRoot('umount', '--lazy', directory.path);
    }
  });

  test('a changed device id with the same content goes on where it was', async () => {
    writeFileSync(log, text(many(1)));
    const run = following();
    await run.drain();
    run.stop();
    run.remount();
    appendFileSync(log, text(many(101)));
    run.start();
    expect(await run.drain()).toEqual(many(1, 200));
    expect(run.lost()).toBe(0);
  });

  test('a file moved to another inode by a restore goes on where it was', async () => {
    writeFileSync(log, text(many(1)));
    const run = following();
    await run.drain();
    run.stop();
    const bytes = readFileSync(log);
    rmSync(log);
    writeFileSync(join(directory.path, 'taken'), 'the old inode');
    writeFileSync(log, bytes);
    appendFileSync(log, text(many(101, 5)));
    run.start();
    expect(await run.drain()).toEqual(many(1, 105));
  });
});

describe('rotation by rename', () => {
  test('while behind: the old file is drained to its end, however long it takes, before it is let go', async () => {
    const run = following();
    writeFileSync(log, text(many(1, 400)));
    run.poll();
    run.read(1);
    renameSync(log, `${log}.1`);
    writeFileSync(log, text(many(401, 10)));
    for (let hour = 0; hour < 8; hour++) {
      run.pass(3600);
      run.poll();
      run.read(1);
      run.commit();
    }
    expect(run.lines).toEqual(many(1, run.lines.length));
    expect(run.lines.length).toBeLessThan(405);
    expect(await run.drain()).toEqual(many(1, 410));
    expect(run.counter('rotations_total')).toBe(1);
  });

  test('what a writer still appends to the renamed file is read', async () => {
    const run = following();
    writeFileSync(log, text(many(1, 5)));
    await run.drain();
    renameSync(log, `${log}.1`);
    writeFileSync(log, text(many(8, 2)));
    run.poll();
    run.read();
    appendFileSync(`${log}.1`, text(many(6, 2)));
    expect((await run.drain()).sort()).toEqual(many(1, 9).sort());
  });

  test('several rotations while behind: everything, oldest first', async () => {
    const run = following();
    writeFileSync(log, text(many(1, 100)));
    run.poll();
    run.read(1);
    for (let rotation = 0; rotation < 4; rotation++) {
      for (let i = rotation; i >= 1; i--) renameSync(`${log}.${i}`, `${log}.${i + 1}`);
      renameSync(log, `${log}.1`);
      writeFileSync(log, text(many(101 + rotation * 100, 100)));
      run.pass(2);
      run.poll();
    }
    expect(await run.drain()).toEqual(many(1, 500));
    expect(run.lost()).toBe(0);
  });

  test('while the exporter is stopped: rotated names are found and read oldest first', async () => {
    const past = Date.now() / 1000;
    writeFileSync(log, text(many(1, 50)));
    utimesSync(log, past - 300, past - 300);
    const run = following();
    await run.drain();
    run.stop();
    appendFileSync(log, text(many(51, 50)));
    renameSync(log, `${log}.2`);
    writeFileSync(`${log}.1`, text(many(101, 100)));
    writeFileSync(log, text(many(201, 100)));
    utimesSync(`${log}.2`, past - 200, past - 200);
    utimesSync(`${log}.1`, past - 100, past - 100);
    run.start();
    expect(await run.drain()).toEqual(many(1, 300));
  });

  test('begun right after the look: a kill before it ends costs no file that was rotated while stopped', async () => {
    const hour = (n: number) => Date.now() / 1000 - 36_000 + n * 3600;
    const write = (n: number) => {
      writeFileSync(log, text(many(1 + n * 100)));
      utimesSync(log, hour(n), hour(n));
    };
    const renameOlder = () => {
      for (const n of [3, 2, 1]) if (existsSync(`${log}.${n}`)) renameSync(`${log}.${n}`, `${log}.${n + 1}`);
    };
    write(0);
    const run = following();
    await run.drain();
    run.stop();
    for (const n of [1, 2, 3]) {
      renameOlder();
      renameSync(log, `${log}.1`);
      write(n);
    }
    run.start();
    const { look } = Discovery.prototype;
    jest.spyOn(Discovery.prototype, 'look').mockImplementationOnce(function (this: Discovery, ...asked) {
      const found = look.apply(this, asked);
      renameOlder();
      return found;
    });
    run.poll();
    run.read();
    expect(run.tailer.backlogRead()).toBe(false);
    run.commit();
    run.crash();
    expect(await run.drain()).toEqual(many(1, 400));
  });

  test('within one tick of the clock, when the file known before is removed: what came after it is read', async () => {
    const run = following();
    const tick = Math.floor(Date.now() / 1000) - 100;
    writeFileSync(log, text(many(1)));
    utimesSync(log, tick, tick);
    await run.drain();
    renameSync(log, `${log}.1`);
    run.poll();
    rmSync(`${log}.1`);
    for (const [number, from] of [
      [2, 101],
      [1, 201],
    ]) {
      writeFileSync(`${log}.${number}`, text(many(from)));
      utimesSync(`${log}.${number}`, tick, tick);
    }
    writeFileSync(log, text(many(301)));
    expect(await run.drain()).toEqual(many(1, 400));
  });

  test('dated names are found as well', async () => {
    writeFileSync(log, text(many(1, 50)));
    const run = following();
    await run.drain();
    run.stop();
    appendFileSync(log, text(many(51, 50)));
    renameSync(log, join(directory.path, 'app.log-20261122'));
    writeFileSync(log, text(many(101, 10)));
    run.start();
    expect(await run.drain()).toEqual(many(1, 110));
  });

  test('a file that is removed with unread bytes while stopped is counted as lost, with its reason', async () => {
    writeFileSync(log, text(many(1, 400)));
    const run = following();
    run.poll();
    run.read(1);
    const { size } = statSync(log);
    run.stop();
    const read = run.positions()[0]!.offset;
    rmSync(log);
    run.start();
    await run.drain();
    expect(run.counter('bytes_lost_total', 'deleted')).toBe(size - read);
  });
});

describe('names', () => {
  test('a symbolic link that is switched: the old target is drained, the new one followed', async () => {
    const [one, two] = ['one.log', 'two.log'].map((name) => join(directory.path, 'targets', name));
    mkdirSync(join(directory.path, 'targets'));
    writeFileSync(one!, text(many(1, 200)));
    writeFileSync(two!, text(many(201, 50)));
    symlinkSync(one!, log);
    const run = following();
    run.poll();
    run.read(1);
    rmSync(log);
    symlinkSync(two!, log);
    expect(await run.drain()).toEqual(many(1, 250));
    appendFileSync(two!, text(many(251, 5)));
    expect(await run.drain()).toEqual(many(1, 255));
  });

  test('a link that is switched while stopped: what the old target still holds is read, too', async () => {
    const [one, two] = ['one.log', 'two.log'].map((name) => join(directory.path, 'targets', name));
    mkdirSync(join(directory.path, 'targets'));
    writeFileSync(one!, text(many(1, 100)));
    symlinkSync(one!, log);
    const run = following();
    await run.drain();
    run.stop();
    appendFileSync(one!, text(many(101, 50)));
    writeFileSync(two!, text(many(151, 20)));
    rmSync(log);
    symlinkSync(two!, log);
    run.start();
    const lines = await run.drain();
    expect(lines).toHaveLength(170);
    expect(new Set(lines)).toEqual(new Set(many(1, 170)));
    expect(run.lost()).toBe(0);
  });

  test('two globs, a link and a hard name that reach one file count it once', async () => {
    writeFileSync(log, text(many(1, 50)));
    symlinkSync(log, join(directory.path, 'also.log'));
    const run = new TailerRun([
      source([log, join(directory.path, '*.log')]),
      source(join(directory.path, 'a*.log'), { name: 'other' }),
    ]);
    expect(await run.drain()).toEqual(many(1, 50));
    run.tailer.close();
  });

  test('a directory that is replaced by another', async () => {
    const place = join(directory.path, 'logs');
    mkdirSync(place);
    const path = join(place, 'app.log');
    writeFileSync(path, text(many(1, 30)));
    const run = following(join(directory.path, 'logs', '*.log'));
    await run.drain();
    renameSync(place, `${place}.old`);
    mkdirSync(place);
    writeFileSync(path, text(many(31, 30)));
    expect(await run.drain()).toEqual(many(1, 60));
  });

  test('a glob that matches nothing yet', async () => {
    const run = following(join(directory.path, 'later', '*.log'));
    await run.drain();
    expect(run.tailer.backlogRead()).toBe(true);
    mkdirSync(join(directory.path, 'later'));
    writeFileSync(join(directory.path, 'later', 'new.log'), text(many(1, 5)));
    expect(await run.drain()).toEqual(many(1, 5));
  });
});

describe('permission denied', () => {
  // Root may read everything.
  const NOBODY = 65_534;
  const root = process.geteuid?.() === 0;
  beforeEach(() => {
    chmodSync(directory.path, 0o777);
    if (root) process.seteuid?.(NOBODY);
  });
  afterEach(() => {
    if (root) process.seteuid?.(0);
  });

  test('on a file is counted, costs nothing, and heals by itself', async () => {
    writeFileSync(log, text(many(1, 5)), { mode: 0o000 });
    const run = following();
    await run.drain();
    expect(run.lines).toEqual([]);
    expect(run.counter('file_errors_total', 'open')).toBeGreaterThan(0);
    chmodSync(log, 0o644);
    expect(await run.drain()).toEqual(many(1, 5));
    expect(run.lost()).toBe(0);
  });

  test('on a directory is counted, and heals by itself', async () => {
    const place = join(directory.path, 'logs');
    mkdirSync(place);
    writeFileSync(join(place, 'app.log'), text(many(1, 5)));
    const run = following(join(place, '*.log'));
    await run.drain();
    chmodSync(place, 0o000);
    await run.drain();
    const errors = ['glob', 'stat', 'list'].map((op) => run.counter('file_errors_total', op));
    expect(Math.max(...errors)).toBeGreaterThan(0);
    chmodSync(place, 0o755);
    appendFileSync(join(place, 'app.log'), text(many(6, 5)));
    expect(await run.drain()).toEqual(many(1, 10));
    expect(run.lost()).toBe(0);
  });
});

describe('readFrom end', () => {
  test('skips what was there at the first start and nothing that comes later', async () => {
    writeFileSync(log, text(many(1, 50)));
    run = new TailerRun(source(join(directory.path, '*.log'), { readFrom: 'end' }));
    await run.drain();
    appendFileSync(log, text(many(51, 5)));
    writeFileSync(join(directory.path, 'new.log'), text(many(56, 5)));
    expect((await run.drain()).sort()).toEqual(many(51, 10).sort());
    run.crash();
    appendFileSync(log, text(many(61, 5)));
    expect((await run.drain()).sort()).toEqual(many(51, 15).sort());
  });
});
