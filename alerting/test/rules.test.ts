import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { THRESHOLDS } from '../../exporter/src/health/thresholds.ts';
import { KEY_FAMILIES, SELF_FAMILIES } from '../../exporter/src/metrics/families.ts';
import { ruleFiles } from '../src/rule-files.ts';
import { yamlOf } from '../src/yaml.ts';
import { secondsOf } from './judgement.ts';
import { alertsOf, files, PACK, rulesOf, run } from './pack.ts';

const KEY_ALERTS = alertsOf().filter(({ labels }) => labels?.category !== 'pipeline');

test('the rules load in promtool without error or warning', () => {
  const { status, output } = run('promtool', [
    'check',
    'rules',
    '--lint=all',
    '--lint-fatal',
    ...files('rules', '.yml').map((name) => join('rules', name)),
  ]);
  expect(output).not.toMatch(/warn|fail|error/i);
  expect(status).toBe(0);
});

describe('promtool test rules', () => {
  for (const name of files('tests', '.test.yml'))
    test(`${name} passes`, () => {
      const { status, output } = run('promtool', ['test', 'rules', name], join(PACK, 'tests'));
      expect(status === 0 ? '' : output).toBe('');
    }, 120_000);
});

describe('every alert', () => {
  test('of the contract is there, and no other', () => {
    const names = new Set(alertsOf().map(({ alert }) => alert));
    expect([...names].sort()).toEqual([
      'AtenderArchiveFailing',
      'AtenderCommitFailing',
      'AtenderEndpointErrors',
      'AtenderExporterDown',
      'AtenderExporterLagging',
      'AtenderKeyForbiddenSpike',
      'AtenderKeyNewIP',
      'AtenderKeyNewSurface',
      'AtenderKeyQuotaNearlyExhausted',
      'AtenderKeyRotationComplete',
      'AtenderKeyRotationOverdue',
      'AtenderKeyServerErrors',
      'AtenderKeySilent',
      'AtenderKeyStale',
      'AtenderKeyThrottled',
      'AtenderKeyTrafficDip',
      'AtenderKeyTrafficSpike',
      'AtenderKeyUnauthorized',
      'AtenderLinesRejected',
      'AtenderLogPatternUnmatched',
      'AtenderLogSourceAhead',
      'AtenderLogSourceStale',
      'AtenderNotificationsFailing',
      'AtenderRevokedKeyUsed',
      'AtenderSharedFactsStale',
      'AtenderWatchdog',
    ]);
  });

  test('about a key names it by id and name, and tells owner, tier, value and threshold', () => {
    for (const { alert, annotations = {} } of KEY_ALERTS) {
      const said: Record<string, string | undefined> = { alert, ...annotations };
      expect(said.summary).toMatch(/^Key \{\{ \$labels\.key_id \}\}.*label "name"/);
      expect(`${said.summary} ${said.description} ${said.value}`).toContain('$value');
      expect(said).toMatchObject({
        key: expect.stringContaining('$labels.key_id'),
        owner: expect.stringContaining('"owner"'),
        tier: expect.stringContaining('"tier"'),
        dashboard_url: expect.stringContaining('var-key={{ $labels.key_id | urlquery }}'),
        runbook_url: expect.stringContaining(`/${alert}.md`),
      });
      expect(said.description).toMatch(
        /threshold|Notable for|an incident for|a ticket for|are asked for|grace/,
      );
    }
  });

  test('quotes what it puts into a template query, since labels come from request logs', () => {
    const queries = alertsOf().flatMap(({ annotations = {} }) =>
      Object.values(annotations).flatMap((text) => text.match(/printf `[^`]*`/g) ?? []),
    );
    expect(queries.length).toBeGreaterThan(50);
    for (const query of queries) expect(query).not.toMatch(/%[sv]/);
  });

  test('anomalies never page, and only pages, tickets and infos exist', () => {
    for (const { labels } of alertsOf()) {
      expect(['page', 'ticket', 'info']).toContain(labels?.severity);
      if (labels?.category === 'anomaly') expect(labels.severity).not.toBe('page');
    }
  });
});

test('the committed rules are what alerting/src says; `npm run rules` writes them', () => {
  const written = ruleFiles();
  expect(files('rules', '.yml')).toEqual(written.map(({ file }) => file).sort());
  for (const rules of written)
    expect(readFileSync(join(PACK, 'rules', rules.file), 'utf8')).toBe(yamlOf(rules));
});

/**
 * Template functions of Prometheus that vmalert has too. Mimir and Thanos run the code of Prometheus.
 * https://prometheus.io/docs/prometheus/latest/configuration/template_reference/ and vmalert's docs, "Template functions".
 */
const SHARED_FUNCTIONS = [
  ...['with', 'range', 'if', 'else', 'end', 'or', 'ne', 'printf', 'urlquery'],
  ...['query', 'first', 'label', 'value', 'sortByLabel'],
  ...['humanize1024', 'humanizeDuration', 'humanizePercentage', 'humanizeTimestamp'],
];

test('annotations use only template functions that the rulers of Prometheus and vmalert share', () => {
  const texts = alertsOf().flatMap(({ annotations = {} }) => Object.values(annotations));
  const actions = texts.flatMap((text) => [...text.matchAll(/\{\{(.*?)\}\}/gs)].map((match) => match[1]));
  expect(actions.length).toBeGreaterThan(500);
  const used = actions.flatMap((action) => {
    const bare = action.replace(/`[^`]*`|"[^"]*"/g, ' ').replace(/[$.][\w.$]*/g, ' ');
    return bare.match(/[a-zA-Z]\w*/g) ?? [];
  });
  expect(used).toContain('humanizeDuration');
  expect([...new Set(used)].filter((name) => !SHARED_FUNCTIONS.includes(name))).toEqual([]);
});

describe('thresholds', () => {
  test('every kind that an alert uses is read by the rules', () => {
    const expressions = rulesOf().map(({ expr, labels }) => `${expr} kind="${labels?.kind}"`);
    for (const [kind, { usedBy }] of Object.entries(THRESHOLDS)) {
      if (!usedBy.some((user) => user.startsWith('Atender'))) continue;
      expect(expressions.some((text) => text.includes(`kind="${kind}"`)) ? kind : `unread: ${kind}`).toBe(
        kind,
      );
    }
  });

  test('an alert reads the thresholds that name it, and no other', () => {
    const read = new Map<string, Set<string>>();
    for (const { alert, annotations } of alertsOf()) {
      const kinds = [...String(annotations?.threshold).matchAll(/kind="([a-z_]+)"/g)].map(
        (match) => match[1],
      );
      for (const kind of kinds) read.set(kind, (read.get(kind) ?? new Set()).add(alert as string));
    }
    expect(read.size).toBeGreaterThan(10);
    for (const [kind, alerts] of read)
      for (const alert of alerts)
        expect((THRESHOLDS as Record<string, { usedBy: string[] }>)[kind].usedBy).toContain(alert);
  });
});

test('no alert waits less than what the shipped Prometheus restores after a restart', () => {
  const compose = readFileSync(join(PACK, '../docker-compose.yml'), 'utf8');
  const grace = /--rules\.alert\.for-grace-period=(\w+)/.exec(compose)?.[1];
  expect(secondsOf(grace)).toBeGreaterThan(0);
  const waits = alertsOf().flatMap((rule) => (rule.for === undefined ? [] : [secondsOf(rule.for)]));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(secondsOf(grace));
});

test('a key costs at most eleven recorded series', () => {
  const kinds = rulesOf().filter(({ labels }) => labels?.kind !== undefined).length;
  const always = rulesOf().filter(({ record }) => /^tenant_key:atender_requests:/.test(record ?? '')).length;
  expect(kinds + always).toBeLessThanOrEqual(11);
});

test('the queries of the runbooks are valid PromQL', () => {
  const directory = mkdtempSync(join(tmpdir(), 'atender-runbooks-'));
  try {
    const queries = files('runbooks', '.md').flatMap((name) =>
      [...readFileSync(join(PACK, 'runbooks', name), 'utf8').matchAll(/^ {6}(\S.*)$/gm)].map(
        (match) => match[1],
      ),
    );
    expect(queries.length).toBeGreaterThan(40);
    const rules = queries.map((expr, i) => ({ record: `runbook:query:${i}`, expr }));
    writeFileSync(join(directory, 'queries.yml'), stringify({ groups: [{ name: 'runbooks', rules }] }));
    const { status, output } = run('promtool', ['check', 'rules', 'queries.yml'], directory);
    expect(status === 0 ? '' : output).toBe('');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('every metric that rules and runbooks read is one that the exporter exposes', () => {
  const exposed = [...Object.values(KEY_FAMILIES), ...Object.values(SELF_FAMILIES)].flatMap(
    ({ name, type }) => (type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]),
  );
  const texts = rulesOf().flatMap(({ expr, annotations = {} }) => [expr, ...Object.values(annotations)]);
  const runbooks = files('runbooks', '.md').map((name) => readFileSync(join(PACK, 'runbooks', name), 'utf8'));
  // Names inside recorded ones (tenant_key:atender_…:…) are no metrics of the exporter.
  const read = [...texts, ...runbooks].flatMap(
    (text) => text.match(/(?<![\w:])atender_[a-z_]+(?![\w:])/g) ?? [],
  );
  expect(read.length).toBeGreaterThan(200);
  const unknown = new Set(read.filter((name) => !exposed.includes(name)));
  expect([...unknown]).toEqual([]);
});
