import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { spoolFile } from '../../src/record/layout.ts';
import { readSpool } from '../../src/record/spool-reader.ts';
import { upkeep } from '../../src/record/upkeep.ts';
import { temporaryDirectory } from '../exporter-process.ts';
import { linesOf, spooled } from './spooling.ts';

const NOON = Date.parse('2026-03-09T12:00:00Z');
const REQUESTS = Array.from({ length: 3_000 }, (_, i) => ({
  timestamp: new Date(NOON + i).toISOString(),
  keyId: `key_${i % 3}`,
  userAgent: `agent/${i % 2}`,
  requestId: `r${i}`,
}));

let directory: { path: string; remove: () => void };
let root: string;
let segment: { segment: number; length: number };
let path: string;
let whole: Buffer;
beforeEach(() => {
  directory = temporaryDirectory();
  root = join(directory.path, 'record');
  segment = spooled(root, REQUESTS);
  path = spoolFile(root, segment.segment);
  whole = readFileSync(path);
});
afterEach(() => directory.remove());

function flip(bit: number): void {
  const bytes = Buffer.from(whole);
  bytes[bit >> 3] ^= 1 << (bit & 7);
  writeFileSync(path, bytes);
}

test('no bit of the spool can be another without being found, and the file is named', () => {
  fc.assert(
    fc.property(fc.nat(8 * whole.length - 1), (bit) => {
      flip(bit);
      expect(() => [...readSpool(path, segment.length)]).toThrow(path);
    }),
    // Names and heads lie at the beginning.
    { numRuns: 300, examples: Array.from({ length: 1_200 }, (_, bit) => [bit]) },
  );
});

test('a segment that is damaged is told of and not sealed, and is sealed once it is whole again', async () => {
  const told: string[] = [];
  const run = () =>
    upkeep({ root, segments: [segment], keys: [], now: NOON, onProblem: (text) => told.push(text) });
  flip(8 * Math.floor(whole.length / 2));
  await run();
  expect(told).toEqual([expect.stringMatching(/cannot be sealed: .*\.spool is damaged at byte \d+/)]);
  writeFileSync(path, whole);
  await run();
  expect(told).toHaveLength(1);
  expect(linesOf(root).map(({ change, added }) => [change, added[0].rows])).toEqual([['sealed', 3_000]]);
});
