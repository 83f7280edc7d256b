import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readManifest } from '../../src/record/manifest.ts';
import { runCommand, temporaryDirectory } from '../exporter-process.ts';
import { kept } from './spooling.ts';

const NOON = Date.parse('2026-03-10T12:00:00Z');
const DAYS = ['2026-03-08', '2026-03-09', '2026-03-10'];

let directory: { path: string; remove: () => void };
let root: string;
let manifest: string;
beforeEach(async () => {
  directory = temporaryDirectory();
  root = join(directory.path, 'record');
  manifest = join(root, 'manifest.jsonl');
  for (const day of DAYS) await kept(root, NOON, [{ timestamp: `${day}T10:00:00Z` }]);
});
afterEach(() => directory.remove());

const verify = (...args: string[]) => runCommand(['audit', 'verify', '--record.path', root, ...args]);
const fileOf = (day: string): string =>
  [...readManifest(root).files.keys()].find((path) => path.includes(day)) as string;
const headIn = (text: string): string => /^head: ([0-9a-f]{64})$/m.exec(text)?.[1] as string;

test('an archive as it was written is confirmed, with its head', async () => {
  const { code, stdout } = await verify();
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^3 manifest lines, 3 files, 3 requests: all as they were written\nhead: [0-9a-f]{64}\n$/,
  );
});

test('changed, missing and added files are named, each', async () => {
  appendFileSync(join(root, fileOf(DAYS[0])), 'x');
  rmSync(join(root, fileOf(DAYS[1])));
  const added = 'requests/class=30/day=2026-03-10/more.parquet';
  copyFileSync(join(root, fileOf(DAYS[2])), join(root, added));
  mkdirSync(join(root, 'requests/class=30/day=2026-03-11'));
  const { code, stdout } = await verify();
  expect(code).toBe(1);
  expect(stdout).toContain(`changed: ${fileOf(DAYS[0])} `);
  expect(stdout).toContain(`missing: ${fileOf(DAYS[1])} `);
  expect(stdout).toContain(`added: ${added} `);
  expect(stdout).toMatch(/3 problems/);
});

test('a line of the manifest that is changed, or taken out, is named', async () => {
  const lines = readFileSync(manifest, 'utf8').split('\n');
  writeFileSync(manifest, [lines[0].replace('"rows":1', '"rows":2'), ...lines.slice(1)].join('\n'));
  expect((await verify()).stdout).toMatch(/manifest line 1 or 2 is changed/);
  writeFileSync(manifest, [lines[0], ...lines.slice(2)].join('\n'));
  expect((await verify()).stdout).toMatch(
    /manifest line 1 or 2 is changed, or lines between them are missing/,
  );
});

test('nothing is added to a manifest that was tampered with', async () => {
  const lines = readFileSync(manifest, 'utf8').split('\n');
  writeFileSync(manifest, [lines[0].replace('"rows":1', '"rows":2'), ...lines.slice(1)].join('\n'));
  await expect(kept(root, NOON, [{ timestamp: NOON }])).rejects.toThrow(/audit verify/);
});

test('a head noted earlier is found again; after the end was cut off, files and all, it is not', async () => {
  const head = headIn((await verify()).stdout);
  expect((await verify('--expect', head)).stdout).toMatch(/the expected head is the head/);
  await kept(root, NOON, [{ timestamp: NOON }]);
  const later = await verify('--expect', head);
  expect(later.stdout).toMatch(/the expected head is 1 lines ago/);
  expect(later.code).toBe(0);
  const lines = readFileSync(manifest, 'utf8').split('\n');
  for (const path of readManifest(root)
    .entries.slice(2)
    .flatMap(({ added }) => added.map((file) => file.path)))
    rmSync(join(root, path));
  writeFileSync(manifest, `${lines.slice(0, 2).join('\n')}\n`);
  expect((await verify()).code).toBe(0);
  const cut = await verify('--expect', head);
  expect(cut.code).toBe(1);
  expect(cut.stdout).toMatch(/its end was cut off/);
});

test('a head can be signed with a key from a file, and a signature be expected', async () => {
  const [key, other] = ['key', 'other'].map((name) => join(directory.path, name));
  writeFileSync(key, 'a'.repeat(64));
  writeFileSync(other, 'b'.repeat(64));
  const signature = /^signature: ([0-9a-f]{64})$/m.exec(
    (await verify('--sign-key', key)).stdout,
  )?.[1] as string;
  expect((await verify('--sign-key', key, '--expect', signature)).code).toBe(0);
  expect((await verify('--sign-key', other, '--expect', signature)).code).toBe(1);
  writeFileSync(key, 'short');
  const short = await verify('--sign-key', key);
  expect(short.stderr).toMatch(/--sign-key: .*at least 16/);
});
