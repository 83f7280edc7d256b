import { appendFileSync, copyFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

const copyTruncate = () => {
  copyFileSync(log, `${log}.1`);
  truncateSync(log, 0);
};

test('copytruncate of a file that was read: the copy is not counted again, the new lines are', async () => {
  writeFileSync(log, text(numbered(1, 100)));
  await run.drain();
  copyTruncate();
  await run.drain();
  appendFileSync(log, text(numbered(101, 120)));
  expect(await run.drain()).toEqual(numbered(1, 120));
  expect(run.lost()).toBe(0);
  expect(run.counter('truncations_total')).toBe(1);
});

test('copytruncate while behind: the rest is read from the copy', async () => {
  writeFileSync(log, text(numbered(1, 300)));
  run.poll();
  run.read(1);
  run.commit();
  copyTruncate();
  appendFileSync(log, text(numbered(301, 310)));
  expect((await run.drain()).toSorted()).toEqual(numbered(1, 310).toSorted());
  expect(run.lost()).toBe(0);
});

test('copytruncate, and the file has already grown past the old position again', async () => {
  writeFileSync(log, text(numbered(1, 100)));
  await run.drain();
  copyTruncate();
  appendFileSync(log, text(numbered(1001, 1400)));
  expect(await run.drain()).toEqual([...numbered(1, 100), ...numbered(1001, 1400)]);
  expect(run.lost()).toBe(0);
});

test('the same while the exporter is stopped, with unread bytes that only the copy holds', async () => {
  writeFileSync(log, text(numbered(1, 300)));
  run.poll();
  run.read(1);
  run.stop();
  copyTruncate();
  appendFileSync(log, text(numbered(1001, 1600)));
  run.start();
  const lines = await run.drain();
  expect(lines.toSorted()).toEqual([...numbered(1, 300), ...numbered(1001, 1600)].toSorted());
  expect(run.lost()).toBe(0);
});

test('truncated to a beginning that stays: what is left is not read again', async () => {
  writeFileSync(log, text(numbered(1, 100)));
  await run.drain();
  truncateSync(log, Buffer.byteLength(text(numbered(1, 40))));
  await run.drain();
  appendFileSync(log, text(numbered(101, 105)));
  expect(await run.drain()).toEqual([...numbered(1, 100), ...numbered(101, 105)]);
});

test('bytes that are gone from the file and from every copy are counted as lost, exactly, with the reason', async () => {
  writeFileSync(log, text(numbered(1, 300)));
  run.poll();
  run.read(1);
  const { size } = statSync(log);
  run.commit();
  const read = run.positions()[0]!.offset;
  truncateSync(log, 0);
  run.poll();
  appendFileSync(log, text(numbered(301, 303)));
  const lines = await run.drain();
  expect(lines.slice(-3)).toEqual(numbered(301, 303));
  expect(run.counter('bytes_lost_total', 'truncated')).toBe(size - read);
  // And not once more after a restart.
  run.crash();
  await run.drain();
  expect(run.counter('bytes_lost_total', 'truncated')).toBe(size - read);
});

test('written anew while a block is taken: what was read ahead of it does not count', async () => {
  writeFileSync(log, text(numbered(1, 300)));
  const { size } = statSync(log);
  let taken = 0;
  run.isPart = () => {
    if (taken++ === 0) writeFileSync(log, text(numbered(1001, 1600)));
    return false;
  };
  const lines = await run.drain();
  const old = lines.filter((line) => !numbered(1001, 1600).includes(line));
  expect(old).toEqual(numbered(1, old.length));
  expect(Buffer.byteLength(text(old))).toBeLessThanOrEqual(run.blockBytes);
  expect(lines.slice(old.length)).toEqual(numbered(1001, 1600));
  expect(run.counter('bytes_lost_total', 'truncated')).toBe(size - Buffer.byteLength(text(old)));
});

test('a copy that is made and removed again costs nothing', async () => {
  writeFileSync(log, text(numbered(1, 100)));
  await run.drain();
  copyFileSync(log, `${log}.1`);
  await run.drain();
  rmSync(`${log}.1`);
  appendFileSync(log, text(numbered(101, 102)));
  expect(await run.drain()).toEqual(numbered(1, 102));
  expect(run.lost()).toBe(0);
});
