import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { readSettings } from '../../exporter/src/commands/settings.ts';
import type { Incident } from '../../exporter/src/demo/scenario.ts';
import { CHECKS } from '../../exporter/src/health/checks.ts';
import { COMMAND } from '../../exporter/test/exporter-process.ts';
import { startPrometheus } from '../../exporter/test/prometheus.ts';
import { type Firing, firingsOf, layersOf, recordedForAlerts } from './judgement.ts';
import { alertsOf, type Rule, rulesOf, run } from './pack.ts';
import { replay } from './replay.ts';

/** Fourteen days of the demonstration, scraped every two minutes, judged by every key alert. */
const DAYS = 14;
const STEP = 120;
const DAY = 86_400;
/** An incident's traces stay in the windows of the rules for this long after its end. */
const AFTERMATH = 45 * 60;

let directory: string;
let incidents: Incident[];
let firings: Firing[];
let from: number;
let to: number;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'atender-history-'));
  const data = join(directory, 'data');
  mkdirSync(data);
  const demo = ['demo', '--directory', directory, '--history', `${DAYS}d`, '--history-only'];
  const { status, output } = run(process.execPath, [COMMAND, ...demo]);
  if (status !== 0) throw new Error(output);
  to = Math.floor(Date.now() / 1000 / STEP) * STEP;
  const all = JSON.parse(readFileSync(join(directory, 'incidents.json'), 'utf8')) as Incident[];
  // The last ones begin with the live stream.
  incidents = all.filter((incident) => incident.from / 1000 < to - 600);
  from = to - (DAYS - 0.1) * DAY;
  const log = join(directory, 'requests.log');
  const flags = { 'log.path': [log], 'keys.file': join(directory, 'keys.yaml') };
  const { settings, problems } = readSettings({ file: undefined, flags, env: {} });
  expect(problems).toEqual([]);
  await replay({
    log,
    settings: settings!.ingestion,
    from,
    to,
    step: STEP,
    data,
    instance: '127.0.0.1:9469',
    // Half of a scrape is read by no rule.
    metrics: new Set(rulesOf().flatMap(({ expr }) => expr.match(/\b(atender_\w+|up)\b/g) ?? [])),
  });
  for (const [layer, rules] of layersOf(recordedForAlerts()).entries()) await record(layer, rules, data);
  firings = await withPrometheus(data, judge);
}, 900_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('each incident is raised by its alert at its key', () => {
  const seen = incidents.map((incident) => {
    const alert = CHECKS[incident.kind].alert;
    const raised = firings.find((firing) => firing.alert === alert && belongs(firing, incident));
    const minutes = raised
      ? `after ${Math.max(0, Math.round((raised.from - incident.from / 1000) / 60))} min`
      : 'MISSED';
    return `${alert} ${incident.keyId}: ${minutes}`;
  });
  process.stdout.write(`${seen.join('\n')}\n`);
  expect(seen.filter((line) => line.endsWith('MISSED'))).toEqual([]);
});

test('nothing else is raised in the quiet rest', () => {
  const false_ = firings.filter((firing) => !incidents.some((incident) => belongs(firing, incident)));
  const lines = false_.map(({ alert, key, from, to }) => `${alert} ${key} ${time(from)} to ${time(to)}`);
  process.stdout.write(`false alarms in ${DAYS} days: ${lines.length}\n${lines.join('\n')}\n`);
  expect(lines).toEqual([]);
});

/** Whether a firing is about an incident: the same key, while it lasts or shortly after. */
const belongs = (firing: Firing, incident: Incident): boolean =>
  firing.key === incident.keyId &&
  firing.to >= incident.from / 1000 &&
  firing.from <= (incident.to ?? Number.POSITIVE_INFINITY) / 1000 + AFTERMATH;

const time = (second: number): string => new Date(second * 1000).toISOString().slice(5, 16);

async function record(layer: number, rules: Rule[], data: string): Promise<void> {
  const file = join(directory, `layer-${layer}.yml`);
  const plain = rules.map(({ record, expr, labels }) => ({ record, expr, ...(labels && { labels }) }));
  writeFileSync(
    file,
    stringify({ groups: [{ name: `layer-${layer}`, interval: `${STEP}s`, rules: plain }] }),
  );
  await withPrometheus(data, async (url) => {
    const { status, output } = run('promtool', [
      ...['tsdb', 'create-blocks-from', 'rules', '--quiet', `--url=${url}`, `--start=${from}`, `--end=${to}`],
      ...[`--eval-interval=${STEP}s`, `--output-dir=${data}`, file],
    ]);
    if (status !== 0) throw new Error(output);
  });
}

/** When each key alert would have fired, by range queries of its expression. */
async function judge(url: string): Promise<Firing[]> {
  const rules = alertsOf().filter(({ labels }) => labels?.category !== 'pipeline');
  const found: Firing[] = [];
  for (const rule of rules) {
    const times = new Map<string, number[]>();
    for (let start = from; start < to; start += 7 * DAY) {
      const end = Math.min(to, start + 7 * DAY - STEP);
      const query = new URLSearchParams({
        query: rule.expr,
        start: `${start}`,
        end: `${end}`,
        step: `${STEP}`,
      });
      const answer = await fetch(`${url}/api/v1/query_range`, { method: 'POST', body: query });
      const body = (await answer.json()) as RangeAnswer;
      if (body.status !== 'success') throw new Error(`${rule.alert}: ${body.error}`);
      for (const { metric, values } of body.data.result) {
        const series = JSON.stringify(metric);
        times.set(series, [...(times.get(series) ?? []), ...values.map(([second]) => second)]);
      }
    }
    for (const [series, seconds] of times) {
      const { key_id } = JSON.parse(series) as Record<string, string>;
      found.push(...firingsOf(rule, key_id!, seconds, STEP));
    }
  }
  return found;
}

interface RangeAnswer {
  status: string;
  error?: string;
  data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
}

async function withPrometheus<T>(data: string, work: (url: string) => Promise<T>): Promise<T> {
  const prometheus = await startPrometheus('global: {}\n', { data });
  try {
    return await work(prometheus.url);
  } finally {
    await prometheus.stop();
  }
}
