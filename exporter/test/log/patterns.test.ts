import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { patternAdvice } from '../../src/log/patterns.ts';
import { numbered, source, TailerRun, temporaryDirectory, text } from './tailer-run.ts';

let directory: { path: string; remove(): void };
const at = (name: string): string => join(directory.path, name);

beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

const factsOf = (run: TailerRun) =>
  run.tailer
    .sourceFacts()
    .flatMap(({ patterns }) =>
      patterns.map(({ source, pattern, files, problems }) => [
        source,
        pattern.replace(directory.path, ''),
        files,
        problems.map(({ cause }) => cause).join(),
      ]),
    );

test('every pattern is known by how many files it matches, and why it matches none', async () => {
  mkdirSync(at('logs/.hidden'), { recursive: true });
  mkdirSync(at('links'));
  for (const name of ['a.log', 'b.log', '.c.log', '.hidden/d.log', 'e[1].log'])
    writeFileSync(at(`logs/${name}`), text([name]));
  symlinkSync(at('gone'), at('links/x.log'));
  const patterns = [
    'logs/*.log',
    'logs/.*.log',
    'logs/.hidden/*.log',
    'logs/e[1].log',
    'logs/*/*.log',
    'links/*.log',
    'no/*.log',
    'logs/*.txt',
  ];
  const run = new TailerRun(source([...patterns, patterns[0]!].map(at)));
  expect((await run.drain()).sort()).toEqual(['.c.log', '.hidden/d.log', 'a.log', 'b.log', 'e[1].log']);
  expect(factsOf(run)).toEqual(
    [
      ['/logs/*.log', 3, ''],
      ['/logs/.*.log', 1, ''],
      ['/logs/.hidden/*.log', 1, ''],
      ['/logs/e[1].log', 1, ''],
      ['/logs/*/*.log', 0, 'hidden'],
      ['/links/*.log', 0, 'broken_link'],
      ['/no/*.log', 0, 'no_directory'],
      ['/logs/*.txt', 0, 'no_match'],
    ].map((facts) => ['requests', ...facts]),
  );
  rmSync(at('logs'), { recursive: true });
  await run.drain();
  expect(factsOf(run)[0]).toEqual(['requests', '/logs/*.log', 0, 'no_directory']);
});

test('a missing path suggests the name it misspells, and no other short name', async () => {
  for (const name of ['requests.log', 'home']) writeFileSync(at(name), text([name]));
  const run = new TailerRun(source(['reqests.log', 'nope'].map(at)));
  await run.drain();
  const [{ patterns }] = run.tailer.sourceFacts();
  expect(patternAdvice(patterns[0])).toMatch(/did you mean \S+\/requests\.log\?$/);
  expect(patternAdvice(patterns[1])).toMatch(/correct the path, or create the file$/);
});

test('a source whose files all belong to one before it is not read, and says so', async () => {
  writeFileSync(at('a.log'), text(['a']));
  const run = new TailerRun([source(at('*.log')), source(at('a.log'), { name: 'second' })]);
  await run.drain();
  expect(factsOf(run)).toEqual([
    ['requests', '/*.log', 1, ''],
    ['second', '/a.log', 1, 'taken'],
  ]);
});

test('a file that is no lines of text fails once, counts as unreadable, and what replaces it is read', async () => {
  writeFileSync(at('a.log'), Buffer.from(`\ufeff${text(numbered(1, 50))}`, 'utf16le'));
  writeFileSync(at('b.log'), text(['b']));
  writeFileSync(at('c.gz'), gzipSync(Buffer.from(text(numbered(1, 50)), 'utf16le')));
  writeFileSync(at('d.log'), gzipSync(text(['d'])));
  const run = new TailerRun(source([at('*.log'), at('c.gz')]));
  expect(await run.drain()).toEqual(['b']);
  expect(run.counter('file_errors_total', 'read')).toBe(3);
  expect(factsOf(run)).toEqual([
    ['requests', '/*.log', 1, 'foreign'],
    ['requests', '/c.gz', 0, 'foreign'],
  ]);
  expect(run.tailer.backlogRead()).toBe(true);
  unlinkSync(at('a.log'));
  writeFileSync(at('a.log'), text(['a']));
  expect((await run.drain()).sort()).toEqual(['a', 'b']);
  expect(factsOf(run)[0]).toEqual(['requests', '/*.log', 2, 'foreign']);
});

test('renamed and compressed while stopped is a rotation, also where the new file got the old inode', async () => {
  const path = at('a.log');
  writeFileSync(path, text(numbered(1, 30)));
  const run = new TailerRun(source(path));
  await run.drain();
  run.stop();
  // Timestamps of files are some milliseconds coarse.
  await new Promise((resolve) => setTimeout(resolve, 30));
  const lines = numbered(1, 60);
  renameSync(path, `${path}.1`);
  writeFileSync(`${path}.1.gz`, gzipSync(text(lines.slice(0, 40))));
  unlinkSync(`${path}.1`);
  writeFileSync(path, text(lines.slice(40)));
  run.start();
  expect(await run.drain()).toEqual(lines);
  expect([run.counter('rotations_total'), run.counter('truncations_total'), run.lost()]).toEqual([1, 0, 0]);
});

test('rewritten in place while stopped is a truncation still', async () => {
  const path = at('a.log');
  writeFileSync(path, text(numbered(1, 30)));
  const run = new TailerRun(source(path));
  await run.drain();
  run.stop();
  writeFileSync(path, text(numbered(100, 140)));
  run.start();
  await run.drain();
  expect([run.counter('rotations_total'), run.counter('truncations_total')]).toEqual([0, 1]);
});
