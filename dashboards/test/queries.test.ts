import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PACK } from '../../alerting/test/pack.ts';
import { backfill } from '../../alerting/test/past.ts';
import { replay } from '../../alerting/test/replay.ts';
import { readSettings } from '../../exporter/src/commands/settings.ts';
import { runDemo, writeHistory } from '../../exporter/src/demo/demo.ts';
import { RECORDED } from '../../exporter/src/health/series.ts';
import type { IngestionSettings } from '../../exporter/src/ingest/ingestion-settings.ts';
import {
  type ExporterProcess,
  eventually,
  freePort,
  startExporter,
} from '../../exporter/test/exporter-process.ts';
import { type Prometheus, startPrometheus } from '../../exporter/test/prometheus.ts';
import { endRedisServers, startRedis } from '../../exporter/test/shared/redis-servers.ts';
import { KEY as KEY_METRICS } from '../src/queries.ts';
import { boards } from './boards.ts';
import { queriesOf, runQuery } from './grafana-queries.ts';

/** Maximum time of live scraping until every query returns data, milliseconds. */
const LONGEST_LIVE = 150_000;
/** Seconds of replayed past before the live scraping. */
const PAST = 3 * 3600;
const DAY = 86_400;
const KEY = 'key_ticket_bridge';
/** The old key of the demonstration's rotation. */
const OLD_KEY = 'key_mobile_2025';
const NEW_KEY = 'key_mobile_2026';

/** Queries without data in the demonstration, by a part of their name, with the reason. */
const EMPTY: Record<string, string> = {
  'annotation Firing alerts': 'alerts are pending for minutes before they fire',
  'key usage: State of $key/overrides': 'the chosen key has no threshold of its own',
  'key usage: State of $key/addresses': 'the chosen key has no new IP address',
  'key usage: State of $key/partner': 'the chosen key takes part in no rotation',
  'key usage: State of $key/stragglers': 'the chosen key takes part in no rotation',
  'key usage: Worth caching': 'the chosen key has several endpoints',
  'variable predecessor': 'the chosen key takes part in no rotation',
  'variable successor': 'the chosen key takes part in no rotation',
  '/forbiddenHistory': 'the recorded 403 responses start with the test',
  'key usage: annotation Rotated': 'the chosen key was never rotated',
  'key usage: annotation New IP': 'the chosen key has no new IP address',
  'key usage: New IP addresses in the last day': 'the chosen key has no new IP address',
  'exporter: Rejected lines by reason': 'every line of the demonstration is a request',
  'exporter: Unusable fields': 'every field of the demonstration is valid',
  'exporter: Lost bytes': 'nothing is lost',
  'exporter: Rotations, truncations, file errors': 'the demonstration does not rotate its files',
  'Revoked and disabled keys still sent': 'the revoked key of the demonstration is still in use',
};

/** Queries that have data only at some moments of the demonstration. */
const SOMETIMES_EMPTY: Record<string, string> = {
  'overview: Keys/endpoints': 'an endpoint may or may not have had a 404 or 422 in the last 30 minutes',
};

let directory: string;
let exporter: ExporterProcess;
let prometheus: Prometheus;
const stopped = new AbortController();
let traffic: Promise<void>;
let answers: Answers;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'atender-dashboards-'));
  const demonstration = { directory, signal: stopped.signal, messages: { write: () => {} } };
  await writeHistory({ ...demonstration, history: 2 * DAY });
  const port = await freePort();
  await replayPast(`127.0.0.1:${port}`);
  exporter = await startExporter(
    [
      ...['--log.path', join(directory, 'requests.log'), '--keys.file', join(directory, 'keys.yaml')],
      ...['--store.path', join(directory, 'usage.db'), '--metrics.zero-hold', '4s', '--log.level', 'warn'],
      ...['--record.archive', 'on', '--record.path', join(directory, 'record')],
      ...['--shared.redis.url', (await startRedis()).url],
    ],
    { port },
  );
  await exporter.ready();
  // Starts after the replay, because it first rotates the log that replay and exporter read.
  traffic = runDemo({ ...demonstration, history: 2 * DAY });
  prometheus = await watching(`127.0.0.1:${port}`);
  // New IP address and new surface appear at random times in the demonstration. Rates are recorded once a minute.
  const late = [RECORDED.rateByClass, RECORDED.expectedByTier, RECORDED.refused];
  for (const name of [KEY_METRICS.recentNewIp, KEY_METRICS.lastNewSurface, ...late])
    await eventually(async () => expect(await prometheus.query(name)).not.toEqual([]), 240_000);
  // Rates need several samples. Retries until no query is empty; otherwise the tests report the empty ones.
  for (const end = Date.now() + LONGEST_LIVE; ; ) {
    answers = await askEverything(await goodMoment());
    if (answers.failures.length + missing().length === 0 || Date.now() > end) break;
  }
}, 600_000);

afterAll(async () => {
  stopped.abort();
  await traffic;
  await prometheus?.stop();
  await exporter?.end('SIGKILL');
  endRedisServers();
  rmSync(directory, { recursive: true, force: true });
});

test('every query of every panel, variable and annotation succeeds', () => {
  expect(answers.failures).toEqual([]);
});

test('every query returns data for the demonstration, except the listed ones', () => {
  expect(missing()).toEqual([]);
});

test('every listed query is empty', () => {
  const needless = Object.keys(EMPTY).filter((part) => !answers.empty.some((name) => name.includes(part)));
  expect(needless).toEqual([]);
});

test('no key has two rows, with and without its name', () => {
  expect(answers.doubled).toEqual([]);
});

describe('numbers equal an independent count of the log lines', () => {
  test('requests by status', async () => {
    stopped.abort();
    await traffic;
    const counted: Record<string, number> = {};
    const files = readdirSync(directory).filter((name) => name.startsWith('requests.log'));
    const lines = files.flatMap((name) => readFileSync(join(directory, name), 'utf8').trim().split('\n'));
    for (const line of lines) {
      const { status } = JSON.parse(line) as { status: number };
      counted[status] = (counted[status] ?? 0) + 1;
    }
    await eventually(async () => {
      const shown = await prometheus.query('sum by (status) (atender_requests_total) > 0');
      const byStatus = Object.fromEntries(
        shown.map(({ metric, value }) => [metric.status, Number(value?.[1])]),
      );
      expect(byStatus).toEqual(counted);
    }, 20_000);
  });
});

/** Names of queries. */
interface Answers {
  failures: string[];
  empty: string[];
  /** Queries that return two rows for one key, with and without its name. */
  doubled: string[];
}

async function askEverything(to: number): Promise<Answers> {
  const failures: string[] = [];
  const empty: string[] = [];
  const doubled: string[] = [];
  const all = { tenant: '.*', environment: '.*', tier: '.*', refused: '.*' };
  const chosen = {
    ...all,
    job: ['atender-exporter'],
    key: KEY,
    predecessor: [],
    successor: [],
    replaced: [OLD_KEY],
    replacing: [NEW_KEY],
    busiest: [KEY],
  };
  const shown = { url: prometheus.url, chosen, from: to - 3600, to, scrape: 15 };
  for (const question of boards().flatMap(queriesOf)) {
    const name = `${question.asker}/${question.refId}`;
    try {
      const answer = await runQuery(question, shown);
      if (answer.length === 0) empty.push(name);
      const nameless = answer.map(({ metric }) => JSON.stringify({ ...metric, name: undefined }));
      if (new Set(nameless).size < nameless.length) doubled.push(name);
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`);
    }
  }
  return { failures, empty, doubled };
}

/**
 * Returns the first time from now on after ten seconds of successful scrapes. On a busy machine a scrape can be late, and
 * its series are missing for a second.
 */
async function goodMoment(): Promise<number> {
  const begin = Date.now() / 1000;
  return eventually(async () => {
    const at = Math.floor(Date.now() / 1000) - 1;
    expect(at - 10).toBeGreaterThan(begin);
    const scraped = `min_over_time(up[10s] @ ${at}) == 1 and count_over_time(up[10s] @ ${at}) >= 9`;
    expect(await prometheus.query(scraped)).toHaveLength(1);
    return at;
  }, 60_000);
}

/** Empty queries that are not listed. */
const missing = (): string[] =>
  answers.empty.filter(
    (name) => !Object.keys({ ...EMPTY, ...SOMETIMES_EMPTY }).some((part) => name.includes(part)),
  );

function settingsOf(directory: string): IngestionSettings {
  const flags = {
    'log.path': [join(directory, 'requests.log')],
    'keys.file': join(directory, 'keys.yaml'),
  };
  return readSettings({ file: undefined, flags, env: {} }).settings!.ingestion;
}

const data = () => join(directory, 'data');

/** Writes the past of the demonstration as if Prometheus had scraped it. */
async function replayPast(instance: string): Promise<void> {
  mkdirSync(data());
  const now = Math.floor(Date.now() / 1000);
  const log = join(directory, 'requests.log');
  const settings = settingsOf(directory);
  await replay({ log, settings, data: data(), from: now - PAST, to: now - 30, step: 60, instance });
  // Baselines read recorded rates of the last day and of past weeks.
  const labels = { key_id: KEY, tenant_id: 'acme' };
  const recorded = [RECORDED.rate, RECORDED.rate15m].map((name) => ({ name, labels, at: () => 0.1 }));
  for (const ago of [DAY / 2, 7 * DAY])
    backfill(data(), recorded, { from: now - ago - 3600, to: now - ago + 3600, step: 60 });
}

const watching = (instance: string): Promise<Prometheus> =>
  startPrometheus(
    `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${join(PACK, 'rules')}/*.yml']
scrape_configs:
  - job_name: atender-exporter
    static_configs: [{ targets: ['${instance}'] }]
`,
    { data: data() },
  );
