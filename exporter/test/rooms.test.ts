import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const SOURCES = fileURLToPath(new URL('../src', import.meta.url));

/** The way data flows. A room imports from itself and from rooms before it. */
const FLOW = [
  ...['time', 'text', 'yaml', 'config', 'log', 'parse', 'health', 'keys', 'usage', 'store', 'record'],
  ...['ingest', 'shared', 'metrics', 'backfill', 'history', 'review', 'api', 'web', 'demo', 'commands'],
];
/** Rooms that a browser runs too: the panel imports them. */
const BROWSER_SAFE = ['time', 'text', 'health'];

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
  /** The imported file; '' for a package. */
  path: string;
  typeOnly: boolean;
}

const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const imports = files.flatMap(importsOf);

test('there are imports to judge', () => {
  expect(imports.length).toBeGreaterThan(50);
});

test('every folder is a room of the flow, and only main.ts lies beside them', () => {
  expect([...new Set(files.map(roomOf))].sort()).toEqual(['', ...FLOW].sort());
  expect(files.filter((file) => roomOf(file) === '')).toEqual(['main.ts']);
});

test('CONTRIBUTING.md lists the rooms in the order of the flow', () => {
  const text = readFileSync(join(SOURCES, '../../CONTRIBUTING.md'), 'utf8');
  const table = text.slice(text.indexOf('| room in'), text.indexOf('Beside the exporter'));
  const listed = [...table.matchAll(/^\|([^|]*)\|/gm)].flatMap(([, cell]) =>
    [...cell.matchAll(/`(\w+)\/`/g)].map((match) => match[1]),
  );
  expect(listed).toEqual(FLOW);
});

test('a room imports only from the rooms before it in the flow', () => {
  const against = imports.filter(({ room, target }) => {
    if (!FLOW.includes(room) || !FLOW.includes(target)) return false;
    return FLOW.indexOf(target) > FLOW.indexOf(room);
  });
  expect(against).toEqual([]);
});

test('no import leads back to its own file, types included', () => {
  expect(circlesOf(imports)).toEqual([]);
  const back = [
    { file: 'a.ts', path: 'b.ts' },
    { file: 'b.ts', path: 'c.ts' },
    { file: 'c.ts', path: 'a.ts' },
  ];
  expect(circlesOf(back)).toEqual([['a.ts', 'b.ts', 'c.ts']]);
});

test('rooms that run in a browser import no Node module and no library', () => {
  const found = imports.filter(
    ({ room, path, target }) => BROWSER_SAFE.includes(room) && path === '' && target !== '',
  );
  expect(found).toEqual([]);
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
    const from = match[3];
    const path = from.startsWith('.') ? relative(SOURCES, join(SOURCES, dirname(file), from)) : '';
    const target = path === '' ? from.replace(/^node:/, '') : roomOf(path);
    found.push({ file, room: roomOf(file), target, path, typeOnly: match[2] !== undefined });
  }
  return found;
}

/** First folder below the sources; '' for the wiring beside the rooms. */
function roomOf(file: string): string {
  const parts = file.split(sep);
  return parts.length > 1 ? parts[0] : '';
}

/** Files that import each other, directly or through others, by Tarjan's algorithm; each group sorted. */
function circlesOf(edges: Pick<Import, 'file' | 'path'>[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const { file, path } of edges)
    if (path !== '') targets.set(file, [...(targets.get(file) ?? []), path]);
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    lowest.set(file, order.get(file)!);
    open.push(file);
    for (const path of targets.get(file) ?? []) {
      if (!order.has(path)) visit(path);
      if (open.includes(path)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(path)!));
    }
    if (lowest.get(file) !== order.get(file)) return;
    const group = open.splice(open.indexOf(file));
    if (group.length > 1) circles.push(group.sort());
  };
  for (const file of targets.keys()) if (!order.has(file)) visit(file);
  return circles;
}
