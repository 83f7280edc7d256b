import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Ingestion } from '../../src/ingest/ingestion.ts';
import type { IngestionSettings } from '../../src/ingest/ingestion-settings.ts';
import type { Publication } from '../../src/ingest/publication.ts';
import { DEFAULT_FIELDS } from '../../src/parse/format.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { temporaryDirectory } from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';
import { LIMITS } from '../usage/usage-in-test.ts';

/** Bytes one turn reads at most. */
const TURN = 8 * 1024 * 1024;
const INTERVAL_MS = 500;
const LINE = requestLine();

let directory: ReturnType<typeof temporaryDirectory>;
let now: number;
let commits: number;
/** What one commit takes, by the clock of the test. */
let commitMs: number;
let ingestion: Ingestion;

beforeEach(() => {
  directory = temporaryDirectory();
  now = Date.now();
  commits = 0;
  commitMs = 0;
});

afterEach(async () => {
  await ingestion.finish(0);
  directory.remove();
});

/** An ingestion with a backlog of that many turns and a little more, and a clock that only the test moves. */
function ingestionOf(turns: number, lineOf: (i: number) => string = () => LINE): Ingestion {
  const path = join(directory.path, 'requests.log');
  const lines = Math.ceil((turns * TURN) / LINE.length) + 10_000;
  writeFileSync(path, Array.from({ length: lines }, (_, i) => lineOf(i)).join(''));
  const format = {
    ...({ format: 'json', container: 'none', endpoints: [], maxLineBytes: 65_536 } as const),
    fields: DEFAULT_FIELDS,
  };
  const settings: IngestionSettings = {
    sources: [
      { name: 'app', paths: [path], readFrom: 'beginning', maxLineBytes: 65_536, staleAfter: 0, format },
    ],
    keys: [],
    scopeRules: [],
    usage: {
      ...{
        limits: { ...LIMITS, ipsPerKey: 10_000, ips: 1_000_000 },
        zeroHoldSeconds: 0,
        parkAfterSeconds: 0,
        maxSkewSeconds: 300,
      },
      ...{ learningSeconds: 0, ipv6Prefix: 64, newIp: 'masked' },
    },
    commitInterval: INTERVAL_MS / 1000,
    archive: undefined,
    shared: false,
  };
  const publish = ({ status }: Publication): void => {
    if (status.commits > commits) now += commitMs;
    commits = status.commits;
  };
  const outlet = { publish, report: () => {}, segments: () => {} };
  return new Ingestion(settings, openStore(join(directory.path, 'usage.db')), outlet, () => now);
}

async function turnAfter(milliseconds: number): Promise<void> {
  now += milliseconds;
  await ingestion.turn();
}

test('while a backlog is read, the first commit comes two seconds after the start', async () => {
  ingestion = ingestionOf(4);
  await turnAfter(0);
  await turnAfter(1_900);
  expect(commits).toBe(0);
  await turnAfter(100);
  expect(commits).toBe(1);
});

test('the first commit of a backlog comes sooner when there are very many addresses to write', async () => {
  const address = (i: number): string => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
  ingestion = ingestionOf(5, (i) => requestLine({ keyId: `key_${i % 50}`, ip: address(i) }));
  await turnAfter(0);
  await turnAfter(1);
  expect(commits).toBe(0);
  await turnAfter(1);
  await turnAfter(1);
  expect(commits).toBe(1);
});

test('while a backlog is read, commits are twenty times their own duration apart', async () => {
  commitMs = 100;
  ingestion = ingestionOf(4);
  await turnAfter(2_000);
  await turnAfter(INTERVAL_MS);
  await turnAfter(1_300);
  expect(commits).toBe(1);
  await turnAfter(100);
  expect(commits).toBe(2);
});

test('commits while a backlog is read are never more than five seconds apart', async () => {
  commitMs = 2_000;
  ingestion = ingestionOf(3);
  await turnAfter(2_000);
  await turnAfter(2_900);
  expect(commits).toBe(1);
  await turnAfter(200);
  expect(commits).toBe(2);
});

test('the end of the first backlog is committed at once, further lines at the interval', async () => {
  commitMs = 200;
  ingestion = ingestionOf(1);
  await turnAfter(0);
  expect(commits).toBe(0);
  await turnAfter(1);
  expect(commits).toBe(1);
  writeFileSync(join(directory.path, 'requests.log'), requestLine(), { flag: 'a' });
  await turnAfter(INTERVAL_MS - commitMs - 1);
  expect(commits).toBe(1);
  await turnAfter(1);
  expect(commits).toBe(2);
});
