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
import { answerTo, questionsOf } from './questions.ts';

/** Longest time of live scraping until every query has an answer, milliseconds. */
const LONGEST_LIVE = 150_000;
/** Seconds of a replayed past before it. */
const PAST = 3 * 3600;
const DAY = 86_400;
const KEY = 'key_ticket_bridge';
/** The old key of the demonstration's rotation. */
const OLD_KEY = 'key_mobile_2025';
const NEW_KEY = 'key_mobile_2026';

/** Queries that rightly give nothing on the demonstration, by a part of their name, and why. */
const EMPTY: Record<string, string> = {
  'annotation Firing alerts': 'alerts wait for minutes before they fire',
  'key usage: State of $key/overrides': 'the chosen key has no threshold of its own',
  'key usage: State of $key/addresses': 'the chosen key has no new address',
  'key usage: State of $key/partner': 'the chosen key takes part in no rotation',
  'key usage: State of $key/stragglers': 'the chosen key takes part in no rotation',
  'key usage: Worth caching': 'the chosen key has several endpoints',
  'variable predecessor': 'the chosen key takes part in no rotation',
  'variable successor': 'the chosen key takes part in no rotation',
  '/forbiddenHistory': 'what the rules record of 403 answers begins with the test',
  'key usage: annotation Rotated': 'the chosen key was never rotated',
  'key usage: annotation New IP': 'the chosen key has no new address',
  'key usage: New addresses of the last day': 'the chosen key has no new address',
  'exporter: Rejected lines by reason': 'every line of the demonstration is a request',
  'exporter: Unusable fields': 'every field of the demonstration is usable',
  'exporter: Lost bytes': 'nothing is lost',
  'exporter: Rotations, truncations, file errors': 'nothing happens to the files',
  'Revoked and disabled keys that are still sent': 'the revoked key of the demonstration is answered',
};

/** Queries that give nothing at some moments of the demonstration and something at others. */
const SOMETIMES_EMPTY: Record<string, string> = {
  'overview: Keys/endpoints': 'an endpoint had a 404 or 422 within 30 minutes, or none had',
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
  // Not before, since it begins by rotating away what the replay and the exporter read.
  traffic = runDemo({ ...demonstration, history: 2 * DAY });
  prometheus = await watching(`127.0.0.1:${port}`);
  // The new address and the new surface of the demonstration come by chance; rates are recorded once a minute.
  const late = [RECORDED.rateByClass, RECORDED.expectedByTier, RECORDED.refused];
  for (const name of [KEY_METRICS.recentNewIp, KEY_METRICS.lastNewSurface, ...late])
    await eventually(async () => expect(await prometheus.query(name)).not.toEqual([]), 240_000);
  // Rates of the last minutes need samples: asks again until nothing is missing, or the tests say what is.
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

test('every query of every panel, variable and annotation is answered without error', () => {
  expect(answers.failures).toEqual([]);
});

test('no query is empty on demonstration data that shows every state, except those that are by design', () => {
  expect(missing()).toEqual([]);
});

test('every exception for an empty query is still needed', () => {
  const needless = Object.keys(EMPTY).filter((part) => !answers.empty.some((name) => name.includes(part)));
  expect(needless).toEqual([]);
});

test('no key has a row with its name and another one without', () => {
  expect(answers.doubled).toEqual([]);
});

describe('figures equal an independent count of the log lines', () => {
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
  /** Those that give one key two rows, with its name and without. */
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
  for (const question of boards().flatMap(questionsOf)) {
    const name = `${question.asker}/${question.refId}`;
    try {
      const answer = await answerTo(question, shown);
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
 * A moment at which everything is asked, from now on: the first one behind which every scrape of ten seconds has
 * succeeded. On a busy machine a scrape is late now and then, and then nothing at all is there for a second.
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

/** Queries that are empty without an exception. */
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

/** A past of the demonstration, as if a Prometheus had scraped it. */
async function replayPast(instance: string): Promise<void> {
  mkdirSync(data());
  const now = Math.floor(Date.now() / 1000);
  const log = join(directory, 'requests.log');
  const settings = settingsOf(directory);
  await replay({ log, settings, data: data(), from: now - PAST, to: now - 30, step: 60, instance });
  // Baselines look a day and weeks back, at what the rules recorded then.
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
