import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PACK } from '../../alerting/test/pack.ts';
import { backfill } from '../../alerting/test/past.ts';
import { replay } from '../../alerting/test/replay.ts';
import { runDemo } from '../../exporter/src/demo/demo.ts';
import type { IngestionSettings } from '../../exporter/src/ingest/ingestion.ts';
import { readSettings } from '../../exporter/src/settings.ts';
import { type ExporterProcess, eventually, startExporter } from '../../exporter/test/exporter-process.ts';
import { type Prometheus, startPrometheus } from '../../exporter/test/prometheus.ts';
import { RECORDED } from '../src/queries.ts';
import { boards, panelsOf } from './boards.ts';

/** Seconds of live scraping before the queries are asked. */
const LIVE = 90;
/** Seconds of a replayed past before it. */
const PAST = 3 * 3600;
const DAY = 86_400;
const KEY = 'key_ticket_bridge';

/** Queries that rightly give nothing on the demonstration, by a part of their name, and why. */
const EMPTY: Record<string, string> = {
  'annotation Firing alerts': 'alerts wait for minutes before they fire',
  'key usage: State of $key/overrides': 'the chosen key has no threshold of its own',
  'key usage: State of $key/addresses': 'the chosen key has no new address',
  'key usage: State of $key/partner': 'the chosen key takes part in no rotation',
  'key usage: State of $key/stragglers': 'the chosen key takes part in no rotation',
  'rotation and security: Stragglers': 'the old key of the demonstration is nearly quiet, at times for hours',
  'overview: Keys/endpoints': 'no endpoint has answered 404 or 422 of late',
  '/forbiddenHistory': 'what the rules record of 403 answers begins with the test',
  'key usage: annotation Rotated': 'the chosen key was never rotated',
  'key usage: annotation New IP': 'the chosen key has no new address',
  'key usage: New addresses of the last day': 'the chosen key has no new address',
  'exporter: Rejected lines by reason': 'every line of the demonstration is a request',
  'exporter: Rotations, truncations, lost bytes, file errors': 'nothing happens to the files',
  'Revoked and disabled keys that are still sent': 'the revoked key of the demonstration is answered',
};

let directory: string;
let exporter: ExporterProcess;
let prometheus: Prometheus;
const stopped = new AbortController();
let traffic: Promise<void>;
let failures: string[];
let empty: string[];
let doubled: string[];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'atender-dashboards-'));
  traffic = runDemo({
    directory,
    history: 2 * DAY,
    signal: stopped.signal,
    messages: { write: () => {} },
  });
  await eventually(() => readFileSync(join(directory, 'keys.yaml')), 10_000);
  exporter = await startExporter([
    ...['--log.path', join(directory, 'requests.log'), '--keys.file', join(directory, 'keys.yaml')],
    ...['--store.path', join(directory, 'usage.db'), '--metrics.zero-hold', '4s', '--log.level', 'warn'],
  ]);
  await exporter.ready();
  prometheus = await watching();
  await wait(LIVE * 1000);
  // The new address and the new surface of the demonstration come by chance.
  for (const name of ['atender_key_recent_new_ip_info', 'atender_key_last_new_surface_timestamp_seconds'])
    await eventually(async () => expect(await prometheus.query(name)).not.toEqual([]), 240_000);
  ({ failures, empty, doubled } = await askEverything());
}, 600_000);

afterAll(async () => {
  stopped.abort();
  await traffic;
  await prometheus?.stop();
  await exporter?.end('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

test('every query of every panel, variable and annotation is answered without error', () => {
  expect(failures).toEqual([]);
});

test('none is empty on demonstration data that shows every state, but those that are by design', () => {
  expect(empty.filter((name) => !isEmptyByDesign(name))).toEqual([]);
});

test('no key has a row with its name and another one without', () => {
  expect(doubled).toEqual([]);
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

async function askEverything(): Promise<{ failures: string[]; empty: string[]; doubled: string[] }> {
  const failures: string[] = [];
  const empty: string[] = [];
  const doubled: string[] = [];
  for (const board of boards()) {
    const targets = [
      ...panelsOf(board).flatMap(({ title, targets }) => (targets ?? []).map((one) => ({ title, ...one }))),
      ...board.annotations.list.flatMap(({ name, target }) =>
        target ? [{ title: `annotation ${name}`, ...target }] : [],
      ),
    ];
    for (const { title, refId, expr } of targets) {
      const name = `${board.title.replace('API keys: ', '')}: ${title}/${refId}`;
      try {
        const answer = await prometheus.query(substituted(expr));
        if (answer.length === 0) empty.push(name);
        const nameless = answer.map(({ metric }) => JSON.stringify({ ...metric, name: undefined }));
        if (new Set(nameless).size < nameless.length) doubled.push(name);
      } catch (error) {
        failures.push(`${name}: ${(error as Error).message}\n${substituted(expr)}`);
      }
    }
    for (const { name, query: text } of board.templating.list) {
      const call = /^label_values\((?:(.+), )?(\w+)\)$/.exec(
        typeof text === 'string' ? text : (text?.query ?? ''),
      );
      if (!call) continue;
      const [, selector, label] = call;
      if ((await prometheus.query(`count by (${label}) (${substituted(selector!)})`)).length === 0)
        empty.push(`${board.title}: variable ${name}`);
    }
  }
  return { failures, empty, doubled };
}

const substituted = (expr: string): string =>
  expr
    .replaceAll('$__rate_interval', '5m')
    .replaceAll('$__range', '1h')
    .replaceAll('$tenant', '.*')
    .replaceAll('$environment', '.*')
    .replaceAll('$tier', '.*')
    .replaceAll('$job', '.*')
    .replaceAll('$key', KEY);

const isEmptyByDesign = (name: string): boolean => Object.keys(EMPTY).some((one) => name.includes(one));

function settingsOf(directory: string): IngestionSettings {
  const flags = {
    'log.path': [join(directory, 'requests.log')],
    'keys.file': join(directory, 'keys.yaml'),
  };
  return readSettings({ file: undefined, flags, env: {} }).settings!.ingestion;
}

/** With a past of the demonstration to begin with. */
async function watching(): Promise<Prometheus> {
  const data = join(directory, 'data');
  mkdirSync(data);
  const now = Math.floor(Date.now() / 1000);
  await replay({
    ...{ log: join(directory, 'requests.log'), settings: settingsOf(directory), data },
    ...{ from: now - PAST, to: now - 30, step: 60, instance: new URL(exporter.url).host },
  });
  // Baselines look a day and weeks back, at what the rules recorded then.
  const labels = { key_id: KEY, tenant_id: 'acme' };
  const recorded = [{ name: RECORDED.rate, labels, at: () => 0.1 }];
  for (const ago of [DAY / 2, 7 * DAY])
    backfill(data, recorded, { from: now - ago - 3600, to: now - ago + 3600, step: 60 });
  return startPrometheus(
    `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${join(PACK, 'rules')}/*.yml']
scrape_configs:
  - job_name: atender-exporter
    static_configs: [{ targets: ['${new URL(exporter.url).host}'] }]
`,
    { data },
  );
}
