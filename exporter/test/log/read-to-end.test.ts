import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SourceCounters } from '../../src/log/counters.ts';
import { readToEnd } from '../../src/log/read-to-end.ts';
import { temporaryDirectory } from './tailer-run.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

/** The lines of a file and what was counted beside, read in blocks of so many bytes. */
async function read(content: Buffer, blockBytes: number): Promise<{ lines: string[]; counters: unknown }> {
  const path = join(directory.path, 'whole.log');
  writeFileSync(path, content);
  const lines: string[] = [];
  const take = (_: unknown, bytes: Buffer, start: number, end: number): boolean => {
    lines.push(bytes.toString('latin1', start, end));
    // A parser may write into the line it was given.
    bytes.fill(0x58, start, end);
    return true;
  };
  const counters = new SourceCounters();
  const sink = { line: take, lastLine: take, finished: () => {} };
  await readToEnd(path, sink, { maxLineBytes: 12, blockBytes, counters });
  return {
    lines,
    counters: counters.changes().map(({ counter, reason, value }) => [counter, reason, value]),
  };
}

const piece = fc.constantFrom('a', 'bc', 'long', 'longer line', '\n', '\n', '\r\n', '\r', '\n\n', '\ufeff');
const content = fc.array(piece, { maxLength: 60 }).map((pieces) => Buffer.from(pieces.join('')));

test('the lines of a file, and which are too long, do not depend on how it is cut into blocks', async () => {
  await fc.assert(
    fc.asyncProperty(content, fc.integer({ min: 1, max: 40 }), async (bytes, blockBytes) => {
      expect(await read(bytes, blockBytes)).toEqual(await read(bytes, 1 << 16));
    }),
    { numRuns: 500 },
  );
});

test('a compressed file gives the same lines as what is in it', async () => {
  const bytes = Buffer.from(Array.from({ length: 40_000 }, (_, i) => `line ${i}\n`).join(''));
  expect((await read(gzipSync(bytes), 1 << 16)).lines).toEqual((await read(bytes, 1 << 12)).lines);
});
