import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const SOURCES = fileURLToPath(new URL('../src', import.meta.url));

/** The way data flows. A room imports from itself, from rooms before it, and from config/ and keys/. */
const FLOW =
  'config markup log parse keys usage store record ingest shared metrics backfill history review api web'.split(
    ' ',
  );
const OPEN_TO_ALL = ['config', 'keys', 'markup'];

/** Libraries that one room alone may know. */
const OWNED: Record<string, string | string[]> = {
  libsql: 'store',
  '@duckdb/node-api': 'record',
  express: 'web',
  '@node-rs/bcrypt': 'web',
  'prom-client': 'metrics',
  tinyglobby: 'log',
  worker_threads: ['api', 'ingest'],
  ioredis: 'shared',
};

interface Import {
  file: string;
  room: string;
  /** Room of the imported file, or the package. */
  target: string;
  typeOnly: boolean;
}

const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const imports = files.flatMap(importsOf);

test('there are imports to judge', () => {
  expect(imports.length).toBeGreaterThan(50);
});

test('a room imports only from the rooms before it in the flow', () => {
  const against = imports.filter(({ room, target }) => {
    if (!FLOW.includes(room) || !FLOW.includes(target) || OPEN_TO_ALL.includes(target)) return false;
    return FLOW.indexOf(target) > FLOW.indexOf(room);
  });
  expect(against).toEqual([]);
});

test('no room imports the wiring', () => {
  expect(imports.filter(({ room, target }) => room !== '' && target === '')).toEqual([]);
});

describe('libraries stay in their room', () => {
  for (const [library, owner] of Object.entries(OWNED)) {
    test(`only ${[owner].flat().join('/ and ')}/ knows ${library}`, () => {
      const users = new Set(imports.filter(({ target }) => target === library).map(({ room }) => room));
      expect([...users].sort()).toEqual([owner].flat());
    });
  }
});

test('usage/ does no I/O: it imports no Node module', () => {
  const node = /from '(node:[^']+)'/g;
  const found = files
    .filter((file) => roomOf(file) === 'usage')
    .flatMap((file) =>
      [...readFileSync(join(SOURCES, file), 'utf8').matchAll(node)].map((match) => match[1]),
    );
  expect(found.filter((module) => !['node:buffer'].includes(module))).toEqual([]);
});

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SOURCES, file), 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(/(import|export)( type)?[^;'"]*?from '([^']+)'/g)) {
    const path = match[3];
    const target = path.startsWith('.')
      ? roomOf(relative(SOURCES, join(SOURCES, dirname(file), path)))
      : path.replace(/^node:/, '');
    found.push({ file, room: roomOf(file), target, typeOnly: match[2] !== undefined });
  }
  return found;
}

/** First folder below the sources; '' for the wiring beside the rooms. */
function roomOf(file: string): string {
  const parts = file.split(sep);
  return parts.length > 1 ? parts[0] : '';
}
