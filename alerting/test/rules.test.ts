import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { THRESHOLDS } from '../../exporter/src/keys/thresholds.ts';
import { KEY_FAMILIES, SELF_FAMILIES } from '../../exporter/src/metrics/families.ts';
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

describe('thresholds', () => {
  const expressions = rulesOf().map(({ expr, labels }) => ({ expr, kind: labels?.kind }));

  for (const [kind, { default: value, usedBy }] of Object.entries(THRESHOLDS)) {
    const alerts = usedBy.filter((user) => user.startsWith('Atender'));
    if (alerts.length === 0) continue;
    test(`${kind} defaults to ${value}, as in the exporter, and can be overridden in ${alerts.join(' and ')}`, () => {
      // Either recorded for every key, or read where set with the default beside it.
      const recorded = expressions.filter((rule) => rule.kind === kind);
      const beside = new RegExp(
        `effective\\{kind="${kind}"\\}(?:\\[\\w+\\])?(?:\\s*\\))+\\s+or\\s+[^\\n]*\\* 0 \\+ ([0-9.]+)`,
        'g',
      );
      const defaults = recorded.length
        ? recorded.map(({ expr }) => expr.match(/\* 0 \+ ([0-9.]+)/)?.[1])
        : expressions.flatMap(({ expr }) => [...expr.matchAll(beside)].map((match) => match[1]));
      expect(defaults.length).toBeGreaterThan(0);
      for (const found of defaults) expect(Number(found)).toBe(value);
      if (recorded.length) expect(recorded[0].expr).toContain(`atender_key_threshold{kind="${kind}"}`);
    });
  }

  test('every kind that a rule reads exists', () => {
    const read = expressions.flatMap(({ expr }) =>
      [...expr.matchAll(/kind="([a-z_]+)"/g)].map((match) => match[1]),
    );
    for (const kind of read) expect(Object.keys(THRESHOLDS)).toContain(kind);
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
