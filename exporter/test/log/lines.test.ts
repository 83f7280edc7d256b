import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { source, TailerRun, temporaryDirectory, text } from './tailer-run.ts';

const MAX = 4096;

let directory: ReturnType<typeof temporaryDirectory>;
let log: string;
let run: TailerRun;

beforeEach(() => {
  directory = temporaryDirectory();
  log = join(directory.path, 'app.log');
  run = new TailerRun(source(log, { maxLineBytes: MAX }), 512);
});
afterEach(() => {
  run.tailer.close();
  directory.remove();
});

describe('a partial last line', () => {
  test('is not counted until it is complete, and then once', async () => {
    writeFileSync(log, 'one\ntw');
    expect(await run.drain()).toEqual(['one']);
    run.crash();
    expect(await run.drain()).toEqual(['one']);
    appendFileSync(log, 'o\n');
    expect(await run.drain()).toEqual(['one', 'two']);
  });

  test('at the end of a drained rotated file is handed over as its last line, once', async () => {
    writeFileSync(log, 'one\ntwo without newline');
    await run.drain();
    renameSync(log, `${log}.1`);
    writeFileSync(log, 'three\n');
    expect((await run.drain()).toSorted()).toEqual(['one', 'three', 'two without newline']);
    run.crash();
    expect((await run.drain()).toSorted()).toEqual(['one', 'three', 'two without newline']);
  });
});

describe('an over-long line', () => {
  const long = 'x'.repeat(10 * MAX);

  test('is counted once as too long, and the rest carries on', async () => {
    writeFileSync(log, `before\n${long}\nafter\n`);
    expect(await run.drain()).toEqual(['before', 'after']);
    expect(run.counter('lines_rejected_total', 'too_long')).toBe(1);
  });

  test('also across a restart in its middle', async () => {
    writeFileSync(log, `before\n${long}`);
    await run.drain();
    run.crash();
    appendFileSync(log, `${long}`);
    await run.drain();
    run.crash();
    appendFileSync(log, `${long}\nafter\n`);
    expect(await run.drain()).toEqual(['before', 'after']);
    expect(run.counter('lines_rejected_total', 'too_long')).toBe(1);
  });

  test('of exactly the allowed length is read, one byte more is not, with and without CR', async () => {
    writeFileSync(
      log,
      ['a', 'b'].map((c) => `${c.repeat(MAX)}\n${c.repeat(MAX)}\r\n${c.repeat(MAX + 1)}\n`).join(''),
    );
    expect((await run.drain()).map((line) => line.length)).toEqual([MAX, MAX, MAX, MAX]);
    expect(run.counter('lines_rejected_total', 'too_long')).toBe(2);
  });

  test('costs bounded memory', async () => {
    const before = process.memoryUsage().arrayBuffers;
    writeFileSync(log, 'y'.repeat(64 * 1024 * 1024));
    run.poll();
    while (run.read(1 << 20) > 0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
    expect(run.lines).toEqual([]);
  });
});

describe('what stands between the lines', () => {
  test('CRLF, blank lines and a byte order mark are no part of a line', async () => {
    writeFileSync(log, '\uFEFFone\r\n\r\n\ntwo\n\r\nthree\r\n');
    expect(await run.drain()).toEqual(['one', 'two', 'three']);
  });

  test('a byte order mark counts as one at the beginning of the file only', async () => {
    writeFileSync(log, '\uFEFFone\n\uFEFFtwo\n');
    expect(await run.drain()).toEqual(['one', '\uFEFFtwo']);
  });

  test('NUL runs are skipped: at the beginning, in between, longer than a line may be', async () => {
    const hole = (bytes: number) => '\0'.repeat(bytes);
    writeFileSync(log, `${hole(20_000)}one\n${hole(3)}two\n${hole(700)}\nthree\n`);
    expect(await run.drain()).toEqual(['one', 'two', 'three']);
    expect(run.counter('lines_rejected_total', 'too_long')).toBe(0);
  });
});

test('a multi-byte character that two reads share stays whole', async () => {
  const lines = Array.from({ length: 300 }, (_, i) => `${'x'.repeat(i % 7)}é€😀`.repeat(5));
  const bytes = Buffer.from(text(lines));
  for (let at = 0; at < bytes.length; at += 37) {
    appendFileSync(log, bytes.subarray(at, at + 37));
    run.poll();
    run.read(1);
  }
  expect(await run.drain()).toEqual(lines);
});

test('bytes that are no UTF-8 reach the parser as they are', async () => {
  const seen: string[] = [];
  run.line = (_file, bytes, start, end) => {
    seen.push(bytes.toString('hex', start, end));
    return true;
  };
  writeFileSync(log, Buffer.from('61ff0a61fe0a', 'hex'));
  await run.drain();
  expect(seen).toEqual(['61ff', '61fe']);
});

describe('records of several lines', () => {
  beforeEach(() => {
    run.isPart = (line) => line.endsWith('+');
  });

  test('are joined, also when they come piece by piece', async () => {
    writeFileSync(log, 'a+\nb');
    await run.drain();
    appendFileSync(log, '+\nc\nd\n');
    expect(await run.drain()).toEqual(['a+b+c', 'd']);
  });

  test('a crash in the middle of one starts it again', async () => {
    writeFileSync(log, 'a+\nb+\n');
    run.poll();
    run.read();
    run.commit();
    run.crash();
    appendFileSync(log, 'c\n');
    expect(await run.drain()).toEqual(['a+b+c']);
  });
});
