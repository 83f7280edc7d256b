import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  type ExporterProcess,
  eventually,
  freePort,
  startExporter,
} from '../../exporter/test/exporter-process.ts';
import { requestLine } from '../../exporter/test/log-lines.ts';
import { type Prometheus, startPrometheus } from '../../exporter/test/prometheus.ts';
import { type Alertmanager, startAlertmanager } from './alertmanager.ts';
import { change, copyOfPack, files } from './pack.ts';
import { backfill, type PastSeries } from './past.ts';
import { type PagerDutyEvent, type Receivers, type SlackMessage, startReceivers } from './receivers.ts';

/**
 * Log lines → exporter → Prometheus → Alertmanager → receivers, all real. The windows of the rules are as
 * committed, filled with a back-filled past of three hours; only what is waited for on purpose (`for`, the
 * groups' intervals and Alertmanager's grouping) is cut from minutes to seconds.
 */
const HOUR = 3600;
const HISTORY = 3 * HOUR;
const STEP = 10;
/** As docker-compose.yml starts Prometheus, the wait in seconds as those of the rules are below. */
const FLAGS = ['--rules.alert.for-grace-period=1s'];
/** The key is about to be silent when the exporter is killed. */
const ALMOST_SILENT = 2 * HOUR - 240;

interface ActiveAlert {
  labels: Record<string, string>;
  state: 'pending' | 'firing';
  activeAt: string;
}

interface PastRequest {
  at: number;
  keyId: string;
  status: number;
}

const KEYS = `
keys:
  - { id: key_fine, name: Shop, owner: shop-team, tier: professional, realtime: true, createdAt: 2025-01-01 }
  - { id: key_silent, name: Chat bridge, owner: chat-team, tier: professional, realtime: true, createdAt: 2025-01-01 }
  - { id: key_quiet, name: Night sync, owner: sync-team, tier: professional, realtime: true, createdAt: 2025-01-01 }
  - { id: key_throttled, realtime: false, name: Importer, owner: data-team, tier: starter, createdAt: 2025-01-01 }
  - { id: key_failing, realtime: false, name: Reports, owner: bi-team, tier: professional, createdAt: 2025-01-01 }
  - { id: key_forbidden, realtime: false, name: CRM "west", owner: crm-team, tier: professional, createdAt: 2025-01-01 }
  - { id: key_moved, realtime: false, learning: 1h, name: Webhooks, owner: hook-team, tier: professional, createdAt: 2025-01-01 }
  - { id: key_revoked, realtime: false, name: Old importer, owner: data-team, tier: starter, state: revoked, createdAt: 2025-01-01 }
  - { id: key_stale, realtime: false, name: Forgotten, owner: nobody, tier: starter, createdAt: 2025-01-01 }
`;

const now = Math.floor(Date.now() / 1000);
const until = now - 15;
let pack: ReturnType<typeof copyOfPack>;
let receivers: Receivers;
let exporter: ExporterProcess;
let prometheus: Prometheus;
let restartPrometheus: () => Promise<Prometheus>;
let alertmanager: Alertmanager;
let log: string;
let traffic: NodeJS.Timeout;

beforeAll(async () => {
  pack = copyOfPack();
  receivers = await startReceivers();
  log = join(pack.path, 'requests.log');
  const past = pastRequests();
  writeFileSync(log, past.map(({ at, ...rest }) => lineAt(at, rest)).join(''));
  writeFileSync(join(pack.path, 'keys.yaml'), KEYS);
  const port = await freePort();
  exporter = await startExporter(exporterArguments(), { port });
  await exporter.ready();

  adaptAlertmanager();
  alertmanager = await startAlertmanager(pack.config, join(pack.path, 'storage'));
  const data = join(pack.path, 'data');
  mkdirSync(data);
  const target = { job: 'atender-exporter', instance: `127.0.0.1:${port}` };
  backfill(data, pastSeries(past, target), { from: now - HISTORY, to: until, step: STEP });
  restartPrometheus = () =>
    startPrometheus(configuration(target.instance), { data, relative: pack.path, flags: FLAGS });
  prometheus = await restartPrometheus();
  // Counters whose first sample is not 0 need two scrapes before anything happens.
  await eventually(
    async () => expect(await prometheus.value('count(count_over_time(atender_key_info[1m]) > 3)')).toBe(9),
    60_000,
  );
  traffic = setInterval(() => {
    write({ keyId: 'key_fine' });
    write({ keyId: 'key_throttled', status: Math.random() < 0.3 ? 429 : 200 });
    write({ keyId: 'key_failing', status: Math.random() < 0.2 ? 503 : 200 });
  }, 500);
}, 180_000);

afterAll(async () => {
  clearInterval(traffic);
  await prometheus?.stop();
  exporter?.end('SIGKILL');
  await alertmanager?.stop();
  await receivers?.stop();
  pack?.remove();
});

test('each incident reaches the people it is for, with what they need to know', async () => {
  write({ keyId: 'key_moved', ip: '203.0.113.77' });
  write({ keyId: 'key_revoked' });
  for (let i = 0; i < 8; i++) write({ keyId: 'key_forbidden', status: 403 });

  const page = (name: string, key: string) =>
    eventually(() => found(receivers.pagerDuty, isPage(name, key)), 120_000);
  const slack = (name: string, key: string) =>
    eventually(() => found(receivers.slack, isMessage(name, key)), 120_000);

  const revoked = await page('AtenderRevokedKeyUsed', 'key_revoked');
  expect(revoked.routing_key).toBe('value-of-pagerduty-routing-key');
  expect(revoked.payload?.custom_details).toMatchObject({
    key: 'key_revoked "Old importer"',
    owner: 'data-team',
    tier: 'starter',
    value: expect.stringMatching(/^used [\d.]+m?s ago$/),
    description: expect.stringMatching(/^The keys file says revoked, .*: it still works at Atender/),
    runbook: 'https://runbooks.example.org/AtenderRevokedKeyUsed.md',
    dashboard: 'https://grafana.example.org/d/atender-key-usage?var-tenant=&var-key=key_revoked',
  });
  const silent = await page('AtenderKeySilent', 'key_silent');
  expect(silent.payload?.custom_details.value).toMatch(/^2h [56]m \d+s without use$/);
  expect(silent.payload?.custom_details.threshold).toBe('2h 0m 0s');
  const failing = await page('AtenderKeyServerErrors', 'key_failing');
  expect(failing.payload?.custom_details.value).toMatch(/5xx/);

  const [forbidden] = (await slack('AtenderKeyForbiddenSpike', 'key_forbidden')).attachments;
  expect(forbidden!.title_link).toContain('var-key=key_forbidden');
  expect(forbidden!.text).toMatch(/crm-team/);
  // 8 requests; increase() extrapolates by up to half a scrape interval at either end of a young series.
  expect(forbidden!.text).toMatch(/\b(8|9|10) requests/);
  const [moved] = (await slack('AtenderKeyNewIP', 'key_moved')).attachments;
  expect(moved!.text).toContain('203.0.113.0/24');
  // Within the quarter of an hour that the first one is told of.
  write({ keyId: 'key_moved', ip: '198.51.100.9' });
  const isOfBoth = (message: SlackMessage) =>
    isMessage('AtenderKeyNewIP', 'key_moved')(message) &&
    message.attachments[0]!.text.includes('198.51.100.0/24, 203.0.113.0/24');
  await eventually(() => found(receivers.slack, isOfBoth), 60_000);
  const [throttled] = (await slack('AtenderKeyThrottled', 'key_throttled')).attachments;
  expect(throttled!.text).toMatch(/429/);
  expect(throttled!.text).toMatch(/5%/);

  const digest = await eventually(
    () => found(receivers.mails, ({ text }) => text.includes('key_stale')),
    60_000,
  );
  expect(digest).toMatchObject({ user: 'alerts@example.org', password: 'value-of-smtp-password' });
  // What Prometheus sends before Alertmanager is there, it sends again after a minute.
  await eventually(() => expect(receivers.beats).toContain('Bearer value-of-dead-man-token'), 90_000);

  show();
  const named = [
    ...receivers.slack.map(titleOf),
    ...receivers.pagerDuty.map(({ payload }) => payload?.summary ?? ''),
  ];
  for (const text of named) expect(text).not.toMatch(/key_fine|key_quiet/);
}, 400_000);

test('what fires when Prometheus is restarted fires on, and nobody is told twice', async () => {
  const silent = async () => {
    const answer = await fetch(`${prometheus.url}/api/v1/alerts`);
    const { data } = (await answer.json()) as { data: { alerts: ActiveAlert[] } };
    return data.alerts.find(
      ({ labels }) => labels.alertname === 'AtenderKeySilent' && labels.key_id === 'key_silent',
    );
  };
  const second = (at = '') => Math.floor(Date.parse(at) / 1000);
  const before = await silent();
  expect(before?.state).toBe('firing');
  const events = () => receivers.pagerDuty.filter(isPage('AtenderKeySilent', 'key_silent')).length;
  const told = events();
  await prometheus.stop();
  prometheus = await restartPrometheus();
  await eventually(async () => {
    const after = await silent();
    expect(after?.state).toBe('firing');
    // A new beginning would be another alert.
    expect(second(after?.activeAt)).toBe(second(before?.activeAt));
  }, 60_000);
  expect(events()).toBe(told);
}, 120_000);

test('an exporter that is killed is reported as blind, and no key is called silent meanwhile or right after', async () => {
  const before = receivers.pagerDuty.length;
  await exporter.end('SIGKILL');
  await eventually(() => found(receivers.pagerDuty.slice(before), isPage('AtenderExporterDown', '')), 60_000);
  // By now key_quiet has had its two hours.
  const left = now - ALMOST_SILENT + 2 * HOUR + 10 - Date.now() / 1000;
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, left) * 1000));
  expect(await silentKeys()).not.toContain('key_quiet');
  const port = Number(new URL(exporter.url).port);
  exporter = await startExporter(exporterArguments(), { port });
  await exporter.ready();
  await eventually(async () => expect(await prometheus.value('up{job="atender-exporter"}')).toBe(1), 20_000);
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  expect(await silentKeys()).not.toContain('key_quiet');
  show(before);
}, 400_000);

const exporterArguments = (): string[] => [
  ...['--log.path', log, '--keys.file', join(pack.path, 'keys.yaml')],
  ...['--store.path', join(pack.path, 'usage.db'), '--metrics.zero-hold', '4s', '--log.level', 'warn'],
];

/** Three hours, a request every ten seconds and key; and one request forty days ago. */
function pastRequests(): PastRequest[] {
  const requests: PastRequest[] = [{ at: now - 40 * 24 * HOUR, keyId: 'key_stale', status: 200 }];
  for (let at = now - HISTORY; at <= until; at += STEP) {
    const ago = now - at;
    const turn = (at / STEP) | 0;
    const trouble = ago < 40 * 60;
    const add = (keyId: string, status = 200) => requests.push({ at, keyId, status });
    for (const key of ['key_fine', 'key_forbidden', 'key_moved']) add(key);
    add('key_throttled', trouble && turn % 5 === 0 ? 429 : 200);
    add('key_failing', trouble && turn % 10 === 0 ? 500 : 200);
    if (ago > 2 * HOUR + 300) add('key_silent');
    if (ago > ALMOST_SILENT) add('key_quiet');
    if (ago > 2.5 * HOUR) add('key_revoked');
  }
  return requests;
}

/** What Prometheus would have scraped of those requests. */
function pastSeries(past: PastRequest[], target: Record<string, string>): PastSeries[] {
  const times = new Map<string, number[]>();
  for (const { at, keyId, status } of past) {
    const key = JSON.stringify([keyId, status]);
    times.set(key, [...(times.get(key) ?? []), at]);
  }
  const requests = [...times].map(([key, at]): PastSeries => {
    const [keyId, status] = JSON.parse(key) as [string, number];
    const labels = {
      ...target,
      key_id: keyId,
      status: String(status),
      status_class: `${String(status)[0]}xx`,
    };
    return {
      name: 'atender_requests_total',
      labels,
      at: (second) => at.filter((one) => one <= second).length,
    };
  });
  const revoked = { ...target, key_id: 'key_revoked', state: 'revoked' };
  return [
    ...requests,
    { name: 'up', labels: target, at: () => 1 },
    { name: 'atender_key_info', labels: revoked, at: () => 1 },
  ];
}

const lineAt = (at: number, rest: { keyId: string; status: number }): string =>
  requestLine({ ...rest, timestamp: new Date(at * 1000).toISOString() });

function write(fields: Record<string, unknown>): void {
  appendFileSync(log, requestLine({ status: 200, ...fields }));
}

/** Points the committed configuration at the receivers and cuts its waits to seconds. */
function adaptAlertmanager(): void {
  writeFileSync(join(pack.secrets, 'slack_api_url'), receivers.slackUrl);
  change(pack.config, (text) =>
    text
      .replace(/^global:$/m, `global:\n  pagerduty_url: ${receivers.pagerDutyUrl}\n  smtp_require_tls: false`)
      .replace(/smtp_smarthost: .*/, `smtp_smarthost: ${receivers.smtp}`)
      .replace('https://dead-man.example.org/beats/atender', receivers.beatsUrl)
      .replace(/group_wait: .*/g, 'group_wait: 1s')
      .replace(/group_interval: .*/g, 'group_interval: 2s')
      .replace('"monday:friday"', '"sunday:saturday"')
      .replace('start_time: "07:00", end_time: "09:00"', 'start_time: "00:00", end_time: "24:00"'),
  );
  for (const name of files('rules', '.yml', pack.path)) {
    const file = join(pack.path, 'rules', name);
    const text = readFileSync(file, 'utf8');
    const faster = text.replace(/^( +for: )(\d+)[mh]$/gm, '$1$2s').replace(/^( +interval: )1m$/gm, '$12s');
    writeFileSync(file, faster);
  }
}

const configuration = (target: string): string => `
global:
  scrape_interval: 1s
  evaluation_interval: 2s
  external_labels:
    grafana_url: https://grafana.example.org
    runbooks_url: https://runbooks.example.org
rule_files: [rules/*.yml]
scrape_configs:
  - job_name: atender-exporter
    static_configs: [{ targets: ['${target}'] }]
alerting:
  alert_relabel_configs:
    - { action: labeldrop, regex: grafana_url|runbooks_url }
  alertmanagers:
    - static_configs: [{ targets: ['${new URL(alertmanager.url).host}'] }]
`;

const silentKeys = async (): Promise<string[]> =>
  (await prometheus.query('ALERTS{alertname="AtenderKeySilent"}')).map(({ metric }) => metric.key_id!);

async function found<T>(all: T[], wanted: (one: T) => boolean): Promise<T> {
  const one = all.find(wanted);
  if (one === undefined) throw new Error(`not among ${JSON.stringify(all, null, 1)}`);
  return one;
}

const isPage =
  (alert: string, key: string) =>
  ({ payload }: PagerDutyEvent): boolean =>
    payload?.custom_details.runbook?.endsWith(`/${alert}.md`) === true && payload.summary.includes(key);

const isMessage =
  (alert: string, key: string) =>
  ({ attachments }: SlackMessage): boolean =>
    attachments.some(({ title, text }) => text.includes(`/${alert}.md`) && title.includes(key));

const titleOf = ({ attachments }: { attachments: { title: string }[] }): string =>
  attachments[0]?.title ?? '';

/** The texts as a person gets them, for whoever reads the test's output. */
function show(from = 0): void {
  const pages = receivers.pagerDuty
    .slice(from)
    .map(
      ({ event_action, payload }) =>
        `PagerDuty, ${event_action}: ${payload?.summary}\n${JSON.stringify(payload?.custom_details, null, 2)}`,
    );
  const messages = receivers.slack.flatMap(({ channel, attachments }) =>
    attachments.map(({ title, text }) => `Slack ${channel}: ${title}\n${text}`),
  );
  const mails = receivers.mails.map(({ text }) => text);
  process.stdout.write(`${[...pages, ...messages, ...mails].join('\n\n')}\n`);
}
