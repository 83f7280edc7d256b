import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataFrameDTO } from '@grafana/data';
import { PACK } from '../../../alerting/test/pack.ts';
import { backfill } from '../../../alerting/test/past.ts';
import { replay } from '../../../alerting/test/replay.ts';
import { readSettings } from '../../../exporter/src/commands/settings.ts';
import { runDemo, writeHistory } from '../../../exporter/src/demo/demo.ts';
import { REAL_KEYS } from '../../../exporter/src/health/promql.ts';
import { RECORDED } from '../../../exporter/src/health/series.ts';
import {
  type ExporterProcess,
  eventually,
  freePort,
  startExporter,
} from '../../../exporter/test/exporter-process.ts';
import { cardQueries, overviewQueries } from '../../src/roles/queries.ts';
import { ROLE_NAMES, type RoleName, roleOf } from '../../src/roles/roles.ts';

const DAY = 86_400;
/** Seconds of scraped past before the live scraping. */
const PAST = 6 * 3600;
/** Seconds for which a new series of the exporter stays 0. */
const ZERO_HOLD = 3;

/** A real Prometheus that scrapes the real exporter on the demonstration log. */
export interface Demonstration {
  exporter: ExporterProcess;
  /** An instant query at the given second. */
  ask(query: string, at?: number): Promise<Sample[]>;
  /** Results of the panel's queries in the format of Grafana's Prometheus data source. */
  overview(at?: number): Promise<DataFrameDTO[]>;
  card(id: string, at?: number): Promise<DataFrameDTO[]>;
  stop(): Promise<void>;
}

export interface Sample {
  metric: Record<string, string>;
  value: [number, string];
}

interface Series {
  metric: Record<string, string>;
  values: [number, string][];
}

export async function startDemonstration(): Promise<Demonstration> {
  const directory = mkdtempSync(join(tmpdir(), 'atender-panel-'));
  const stopped = new AbortController();
  const demo = { directory, history: 2 * DAY, signal: stopped.signal, messages: { write: () => {} } };
  await writeHistory(demo);
  // Same name as in the replayed past, so that both are one source.
  const config = join(directory, 'exporter.yaml');
  writeFileSync(config, `log: { sources: [{ name: demo, path: ['${join(directory, 'requests.log')}'] }] }\n`);
  const exporter = await startExporter([
    ...['--config.file', config, '--keys.file', join(directory, 'keys.yaml')],
    ...[
      '--store.path',
      join(directory, 'usage.db'),
      '--metrics.zero-hold',
      `${ZERO_HOLD}s`,
      '--log.level',
      'warn',
    ],
  ]);
  await exporter.ready();
  const target = new URL(exporter.url).host;
  // Before the live traffic, which first rotates the log.
  await writePast(directory, target);
  const traffic = runDemo(demo);
  const prometheus = await startPrometheus(directory, target);
  const ask = async (query: string, at?: number): Promise<Sample[]> =>
    (await api(prometheus.url, 'query', {
      query,
      ...(at === undefined ? {} : { time: String(at) }),
    })) as Sample[];
  await eventually(async () => {
    // At a whole second, as in the tests.
    const missing = await queriesWithoutData(ask, Math.floor(Date.now() / 1000));
    if (missing.length > 0) throw new Error(`no data yet: ${missing.join(', ')}`);
  }, 180_000);
  const frames = async (queries: Partial<Record<RoleName, string>>, at = Date.now() / 1000) => {
    const asked: DataFrameDTO[] = [];
    for (const [role, query] of Object.entries(queries) as [RoleName, string][]) {
      const text = query.replaceAll('$__rate_interval', '5m');
      if (roleOf(role).kind === 'table') asked.push(tableFrame(role, await ask(text, at), at));
      else {
        const range = { query: text, start: String(at - PAST), end: String(at), step: '300' };
        asked.push(...seriesFrames(role, (await api(prometheus.url, 'query_range', range)) as Series[]));
      }
    }
    return asked;
  };
  return {
    exporter,
    ask,
    overview: (at) => frames(overviewQueries(REAL_KEYS), at),
    card: (id, at) => frames(cardQueries(`key_id="${id}"`, id, 'tenant_id=~".*"'), at),
    stop: async () => {
      stopped.abort();
      await traffic;
      prometheus.child.kill('SIGKILL');
      await once(prometheus.child, 'exit');
      await exporter.end('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/**
 * Names of queries that still lack data. Counters and facts need live scrapes. Thresholds and rates are recorded once a
 * minute.
 */
async function queriesWithoutData(ask: Demonstration['ask'], at: number): Promise<string[]> {
  const queries = overviewQueries(REAL_KEYS);
  const needed: [name: string, query: string][] = [
    ['scrapes', `count_over_time(up[${ZERO_HOLD + 10}s]) > ${ZERO_HOLD + 5}`],
    ['expected rate', `${RECORDED.expectedRate}{key_id="key_crm_sync"}`],
    ...ROLE_NAMES.flatMap((role): [string, string][] => {
      const query = queries[role];
      return query !== undefined && roleOf(role).neverEmpty ? [[role, query]] : [];
    }),
  ];
  const missing: string[] = [];
  for (const [name, query] of needed) if ((await ask(query, at)).length === 0) missing.push(name);
  return missing;
}

/** One row per series, with its labels as columns. */
function tableFrame(refId: string, samples: Sample[], at: number): DataFrameDTO {
  const labels = [...new Set(samples.flatMap(({ metric }) => Object.keys(metric)))].sort();
  return {
    refId,
    fields: [
      { name: 'Time', type: 'time' as never, values: samples.map(() => Math.round(at * 1000)) },
      ...labels.map((label) => ({
        name: label,
        type: 'string' as never,
        values: samples.map(({ metric }) => metric[label] ?? ''),
      })),
      {
        name: `Value #${refId}`,
        type: 'number' as never,
        values: samples.map(({ value }) => Number(value[1])),
      },
    ],
  };
}

function seriesFrames(refId: string, all: Series[]): DataFrameDTO[] {
  return all.map(({ metric, values }) => ({
    refId,
    fields: [
      { name: 'Time', type: 'time' as never, values: values.map(([at]) => at * 1000) },
      {
        name: 'Value',
        type: 'number' as never,
        labels: metric,
        values: values.map(([, value]) => Number(value)),
      },
    ],
  }));
}

async function api(url: string, path: string, parameters: Record<string, string>): Promise<unknown[]> {
  const answer = await fetch(`${url}/api/v1/${path}`, {
    method: 'POST',
    body: new URLSearchParams(parameters),
  });
  const body = (await answer.json()) as { status: string; error?: string; data: { result: unknown[] } };
  if (body.status !== 'success') throw new Error(`${body.error}\n${parameters.query}`);
  return body.data.result;
}

/** Writes what Prometheus would have scraped and recorded before. */
async function writePast(directory: string, target: string): Promise<void> {
  const data = join(directory, 'data');
  mkdirSync(data);
  const now = Math.floor(Date.now() / 1000);
  const log = join(directory, 'requests.log');
  const settings = readSettings({
    file: undefined,
    flags: { 'log.path': [log], 'keys.file': join(directory, 'keys.yaml') },
    env: {},
  }).settings?.ingestion;
  if (settings === undefined) throw new Error('the demonstration has no settings');
  await replay({ log, settings, data, from: now - PAST, to: now - 20, step: 60, instance: target });
  // Invented past weeks, so that two keys show a spike and a dip today, also at the busiest hour of the demonstration.
  const past = (key_id: string, rate: number) =>
    ['5m', '15m'].map((window) => ({
      name: `tenant_key:atender_requests:rate${window}`,
      labels: { key_id, tenant_id: 'acme' },
      at: () => rate,
    }));
  for (const ago of [DAY / 2, 7 * DAY])
    backfill(data, [...past('key_ticket_bridge', 0.01), ...past('key_crm_sync', 1)], {
      from: now - ago - 3600,
      to: now - ago + 3600,
      step: 60,
    });
}

async function startPrometheus(directory: string, target: string) {
  const data = join(directory, 'data');
  const config = join(directory, 'prometheus.yml');
  writeFileSync(
    config,
    `
global: { scrape_interval: 1s, evaluation_interval: 5s }
rule_files: ['${join(PACK, 'rules')}/*.yml']
scrape_configs:
  - job_name: atender-exporter
    static_configs: [{ targets: ['${target}'] }]
`,
  );
  const url = `http://127.0.0.1:${await freePort()}`;
  const child: ChildProcess = spawn(
    'prometheus',
    [
      ...[`--config.file=${config}`, `--storage.tsdb.path=${data}`, '--storage.tsdb.retention.time=35d'],
      ...[`--web.listen-address=${new URL(url).host}`, '--log.level=error'],
    ],
    { stdio: 'ignore' },
  );
  await eventually(async () => {
    if ((await fetch(`${url}/-/ready`)).status !== 200) throw new Error('Prometheus is not ready');
  }, 30_000);
  return { url, child };
}
