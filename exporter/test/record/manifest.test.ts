import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { followManifest, readManifest } from '../../src/record/manifest.ts';
import { temporaryDirectory } from '../exporter-process.ts';
import { kept } from './spooling.ts';

const NOON = Date.parse('2026-03-10T12:00:00Z');
const DAY = 86_400_000;

let directory: { path: string; remove: () => void };
let root: string;
beforeEach(async () => {
  directory = temporaryDirectory();
  root = join(directory.path, 'record');
  await kept(root, NOON, [{ timestamp: NOON }]);
});
afterEach(() => directory.remove());

test('who follows a manifest is told of what came and went since, and reads nothing else again', async () => {
  expect(followManifest(root)).toEqual(readManifest(root));
  const path = join(root, 'manifest.jsonl');
  const { length } = readFileSync(path, 'utf8');
  await kept(root, NOON + 31 * DAY, [{ timestamp: NOON + 31 * DAY }]);
  // What was read before is made unreadable: reading it again would be a fault.
  writeFileSync(path, `${'x'.repeat(length - 1)}\n${readFileSync(path, 'utf8').slice(length)}`);
  expect(followManifest(root).faults).toEqual([]);
  expect([...followManifest(root).files.keys()]).toEqual([expect.stringContaining('day=2026-04-10')]);
  expect(readManifest(root).faults).not.toEqual([]);
});

test('who follows a manifest sees another one that took its place', async () => {
  followManifest(root);
  const other = join(directory.path, 'other');
  for (let day = 0; day < 2; day++) await kept(other, NOON + day * DAY, [{ timestamp: NOON + day * DAY }]);
  rmSync(root, { recursive: true });
  expect(followManifest(root).files.size).toBe(0);
  cpSync(other, root, { recursive: true });
  expect(followManifest(root)).toEqual(readManifest(other));
});
