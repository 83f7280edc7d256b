import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readManifest } from '../../src/record/manifest.ts';
import { verifyArchive } from '../../src/record/verify.ts';
import { endLeftovers, runCommand, temporaryDirectory } from '../exporter-process.ts';
import { kept, linesOf } from './spooling.ts';

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
afterEach(() => {
  endLeftovers();
  directory.remove();
});

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

test('what cannot be read is named too: links to nowhere, pipes, names that are no UTF-8', async () => {
  const day = join(root, 'requests/class=30/day=2026-03-10');
  symlinkSync('nowhere', join(day, 'link.parquet'));
  execFileSync('mkfifo', [join(day, 'pipe.parquet')]);
  writeFileSync(Buffer.concat([Buffer.from(`${day}/`), Buffer.from([0xff]), Buffer.from('.parquet')]), '');
  rmSync(join(root, fileOf(DAYS[0])));
  symlinkSync('nowhere', join(root, fileOf(DAYS[0])));
  const { code, stdout } = await verify();
  expect(code).toBe(1);
  for (const name of ['link', 'pipe', '\ufffd'])
    expect(stdout).toContain(`added: requests/class=30/day=2026-03-10/${name}.parquet is in no line`);
  expect(stdout).toContain(`unreadable: ${fileOf(DAYS[0])}; `);
  expect(stdout).toMatch(/4 problems/);
}, 20_000);

test('a planted name breaks no line and is nothing that a terminal obeys', async () => {
  writeFileSync(join(root, 'requests/class=30/a\nhead: 0\x1b[2J'), '');
  const { stdout } = await verify();
  expect(stdout).toContain('added: requests/class=30/a\\u000ahead: 0\\u001b[2J is in no line');
  expect(stdout.split('\n')).toHaveLength(4);
});

test('files that were renamed, swapped or copied are recognised by what is in them', async () => {
  const [first, second, third] = DAYS.map(fileOf);
  const elsewhere = (path: string, name: string) => join(root, path.replace(/[^/]+$/, name));
  renameSync(join(root, first), elsewhere(first, 'renamed.parquet'));
  copyFileSync(join(root, second), elsewhere(second, 'copy.parquet'));
  const { stdout } = await verify();
  expect(stdout).toContain(`missing: ${first} (1 requests) lies at `);
  expect(stdout).toMatch(/added: \S+renamed\.parquet is \S+, renamed; move it back/);
  expect(stdout).toMatch(/added: \S+copy\.parquet is a copy of \S+; remove it/);
  for (const [from, to] of [
    [second, 'kept'],
    [third, second],
    ['kept', third],
  ])
    renameSync(join(root, from), join(root, to));
  const swapped = (await verify()).stdout;
  expect(swapped).toContain(`changed: ${second} is now what ${third} was`);
  expect(swapped).toContain(`changed: ${third} is now what ${second} was`);
});

test('an archive that cannot be read is told of in a line, with the cause', async () => {
  rmSync(manifest);
  mkdirSync(manifest);
  const { code, stdout, stderr } = await verify();
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^audit verify: \S+ cannot be read: EISDIR.*\n$/);
});

test('a manifest that is gone is told of, and none is begun over the files that are there', async () => {
  rmSync(manifest);
  const { code, stdout } = await verify();
  expect(code).toBe(1);
  expect(stdout).toMatch(/manifest\.jsonl is gone, although there are files; put back a copy/);
  await expect(kept(root, NOON, [{ timestamp: NOON }])).rejects.toThrow(/manifest\.jsonl is gone/);
  expect(existsSync(manifest)).toBe(false);
});

test('whatever stands in a line of the manifest, it is named and nothing is taken from it', async () => {
  const whole = readFileSync(manifest, 'utf8');
  const [{ added }] = linesOf(root);
  const lines = [
    'null',
    '[]',
    '{"number":4,"at":"2026-03-10T12:00:00Z","added":[null],"removed":[],"previous":""}',
    '{"number":4,"at":"2026-03-10T12:00:00Z","added":[],"removed":[7],"previous":""}',
    JSON.stringify({ ...linesOf(root)[2], number: 4, added: [{ ...added[0], path: '../../etc/passwd' }] }),
    JSON.stringify({ ...linesOf(root)[2], number: 4, at: 'then' }),
  ];
  for (const line of lines) {
    writeFileSync(manifest, `${whole}${line}\n`);
    const { rows, problems } = await verifyArchive(root);
    expect(problems).toEqual([expect.stringMatching(/^manifest line 4 is changed: it is no entry; /)]);
    expect(rows).toBe(3);
  }
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

test('a line that was taken out is one problem, however many follow', async () => {
  for (let i = 0; i < 5; i++) await kept(root, NOON, [{ timestamp: `2026-03-10T11:00:0${i}Z` }]);
  const lines = readFileSync(manifest, 'utf8').split('\n');
  writeFileSync(manifest, [lines[0], ...lines.slice(2)].join('\n'));
  const { stdout } = await verify();
  expect(stdout.match(/^manifest line/gm)).toHaveLength(1);
  expect(stdout).toContain('manifest line 1 or 2 is changed, or lines between them are missing');
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
  for (const { added } of linesOf(root).slice(2)) for (const { path } of added) rmSync(join(root, path));
  writeFileSync(manifest, `${lines.slice(0, 2).join('\n')}\n`);
  expect((await verify()).code).toBe(0);
  const cut = await verify('--expect', head);
  expect(cut.code).toBe(1);
  expect(cut.stdout).toMatch(/its end was cut off/);
});

test('the head of an archive that was still empty is continued by every manifest', async () => {
  mkdirSync(join(directory.path, 'empty'));
  const empty = await runCommand(['audit', 'verify', '--record.path', join(directory.path, 'empty')]);
  const later = await verify('--expect', headIn(empty.stdout));
  expect([later.code, later.stdout]).toEqual([
    0,
    expect.stringContaining('the expected head is 3 lines ago'),
  ]);
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
