import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { TAIL_BYTES } from '../../src/log/content-identity.ts';
import { BlockBuffers, LogFile } from '../../src/log/file.ts';
import { temporaryDirectory } from './tailer-run.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

/** A file of the tailer with this content, opened as asked. */
function fileWith(content: string, flags = 'r'): LogFile {
  const path = join(directory.path, 'app.log');
  writeFileSync(path, content);
  const entry = { path, dev: '1', ino: '1', size: content.length, modifiedMs: 0, bornMs: 0 };
  const file = LogFile.fresh(1, 'requests', entry, 'following');
  file.fd = openSync(path, flags);
  return file;
}

test('what was read ahead is turned to once, by the same file at the same place', () => {
  const space = new BlockBuffers(64);
  const file = fileWith('one\ntwo\n');
  space.readAhead(file, 4, 64);
  expect(space.turn(file, 4)).toBe(4);
  for (const buffer of [space.pristine, space.working])
    expect(buffer.toString('utf8', TAIL_BYTES, TAIL_BYTES + 4)).toBe('two\n');
  expect(space.turn(file, 4)).toBe(0);
  space.readAhead(file, 4, 64);
  expect(space.turn(file, 0)).toBe(0);
  space.readAhead(file, 4, 64);
  expect(space.turn(fileWith('one\ntwo\n'), 4)).toBe(0);
  space.readAhead(file, 4, 64);
  space.forget();
  expect(space.turn(file, 4)).toBe(0);
});

test('what cannot be read ahead costs the block nothing that is being taken', () => {
  const space = new BlockBuffers(64);
  const file = fileWith('one\n', 'r+');
  space.readAhead(file, 0, 64);
  const unreadable = fileWith('one\n', 'a');
  expect(() => space.readAhead(unreadable, 0, 64)).not.toThrow();
  expect(space.turn(unreadable, 0)).toBe(0);
});
