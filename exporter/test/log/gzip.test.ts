import { appendFileSync, createReadStream, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { createGunzip, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { numbered, source, TailerRun, temporaryDirectory, text } from './tailer-run.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let log: string;
let run: TailerRun;

beforeEach(() => {
  directory = temporaryDirectory();
  log = join(directory.path, 'app.log');
  run = new TailerRun(source(log));
});
afterEach(() => {
  run.tailer.close();
  directory.remove();
});

const compress = (path: string): void => {
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
  rmSync(path);
};

/** The log with this content is begun, and rotated while the exporter is stopped; what its .gz is to hold. */
function compressedUnread(content: string): Buffer {
  writeFileSync(log, content);
  run.poll();
  run.read(1);
  run.stop();
  renameSync(log, `${log}.1`);
  const bytes = gzipSync(readFileSync(`${log}.1`));
  rmSync(`${log}.1`);
  return bytes;
}

test('a rotated file that was not consumed before it was compressed is read to its end', async () => {
  writeFileSync(log, text(numbered(1, 400)));
  run.poll();
  run.read(1);
  run.stop();
  renameSync(log, `${log}.1`);
  compress(`${log}.1`);
  writeFileSync(log, text(numbered(401, 410)));
  run.start();
  expect((await run.drain()).toSorted()).toEqual(numbered(1, 410).toSorted());
  expect(run.lost()).toBe(0);
});

test('one that was never seen while it was plain is read from its beginning', async () => {
  writeFileSync(log, text(numbered(1, 50)));
  await run.drain();
  run.stop();
  compress(log);
  renameSync(`${log}.gz`, `${log}.2.gz`);
  writeFileSync(`${log}.1`, text(numbered(51, 100)));
  compress(`${log}.1`);
  writeFileSync(log, text(numbered(101, 110)));
  run.start();
  expect((await run.drain()).toSorted()).toEqual(numbered(1, 110).toSorted());
});

test('one that was not looked into yet when the exporter is killed is read by the next one', async () => {
  writeFileSync(log, text(numbered(1, 50)));
  await run.drain();
  run.stop();
  renameSync(log, `${log}.1`);
  writeFileSync(`${log}.2`, text(numbered(51, 100)));
  compress(`${log}.2`);
  writeFileSync(log, text(numbered(101, 110)));
  for (let kill = 0; kill < 3; kill++) {
    run.start();
    run.poll();
    run.read();
    run.commit();
    run.tailer.close();
    renameSync(log, `${log}.${kill + 3}`);
    writeFileSync(log, text(numbered(111 + kill, 111 + kill)));
  }
  run.start();
  expect((await run.drain()).toSorted()).toEqual(numbered(1, 113).toSorted());
});

test('one that was consumed is skipped, also after a restart', async () => {
  writeFileSync(log, text(numbered(1, 400)));
  await run.drain();
  renameSync(log, `${log}.1`);
  writeFileSync(log, text(numbered(401, 402)));
  await run.drain();
  compress(`${log}.1`);
  await run.drain();
  run.crash();
  expect(await run.drain()).toEqual(numbered(1, 402));
  expect(run.lost()).toBe(0);
});

test('a half-written one waits until it is whole', async () => {
  const lines = numbered(1, 3000, 'incompressible-ish');
  const bytes = compressedUnread(text(lines));
  writeFileSync(log, 'newest\n');
  writeFileSync(`${log}.1.gz`, bytes.subarray(0, bytes.length / 2));
  const before = run.lines.length;
  run.start();
  expect(await run.drain(3)).toHaveLength(before + 1);
  // It may stay as it is for ever, so nobody waits for it.
  expect(run.tailer.backlogRead()).toBe(true);
  appendFileSync(`${log}.1.gz`, bytes.subarray(bytes.length / 2));
  expect((await run.drain()).toSorted()).toEqual([...lines, 'newest'].toSorted());
  expect(run.lost()).toBe(0);
});

test('one whose fault shows before its turn to be decompressed comes harms nothing', async () => {
  const bytes = compressedUnread(text(numbered(1, 400)));
  writeFileSync(`${log}.1.gz`, bytes.subarray(0, bytes.length / 2));
  writeFileSync(log, 'newest\n');
  run.start();
  run.poll();
  // Another decompression of the same file, begun later, has met the fault.
  const later = createReadStream(`${log}.1.gz`).pipe(createGunzip()).resume();
  await expect(finished(later)).rejects.toThrow('unexpected end of file');
  expect((await run.drain(3)).at(-1)).toBe('newest');
  appendFileSync(`${log}.1.gz`, bytes.subarray(bytes.length / 2));
  expect((await run.drain()).toSorted()).toEqual([...numbered(1, 400), 'newest'].toSorted());
});

test('one that stays damaged is counted as lost and does not hold up the rest', async () => {
  const bytes = compressedUnread(text(numbered(1, 3000)));
  bytes.fill(0x55, 600, 700);
  writeFileSync(`${log}.1.gz`, bytes);
  writeFileSync(log, text(numbered(4001, 4002)));
  run.start();
  const lines = await run.drain();
  expect(lines.slice(-2)).toEqual(numbered(4001, 4002));
  expect(run.lost()).toBeGreaterThan(0);
});
