import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { CHECKS, type CheckName } from '../../exporter/src/health/checks.ts';
import { checksOf } from '../../exporter/src/health/checks-of.ts';
import { type KeySignals, unknownSignals, type WindowCounts } from '../../exporter/src/health/key-signals.ts';
import { silentTogether } from '../../exporter/src/health/silent-together.ts';
import { effectiveThresholds, type ThresholdKind } from '../../exporter/src/health/thresholds.ts';
import { files, PACK, run } from './pack.ts';

/**
 * The exporter, the panel and the alerts judge a key by the same rules, written twice: the checks of
 * exporter/src/keys and the expressions of alerting/rules. Here both get the same data, and must say the same.
 */
interface Situation {
  checks: CheckName[];
  signals: Partial<KeySignals>;
  /** Series without the labels `key_id`, `job` and `instance`, with their values in promtool's notation. */
  series: { name: string; labels?: Record<string, string>; values: string }[];
  thresholds?: Partial<Record<ThresholdKind, number>>;
}

/** Seconds; a sample every 2 minutes, judged a minute after one so that no range but that of 5 minutes ends at one. */
const STEP = 120;
const NOW = 80 * STEP + 60;
/** Between two evaluations: NOW is one of them, and what was recorded in the last one is not stale. */
const EVALUATION = NOW / 46;
const always = (value: number): string => `${value}+0x80`;

const combinations = <T extends unknown[]>(...choices: { [I in keyof T]: T[I][] }): T[] =>
  choices.reduce<unknown[][]>(
    (all, next) => all.flatMap((so) => (next as unknown[]).map((one) => [...so, one])),
    [[]],
  ) as T[];

const VOLUMES: Situation[] = combinations<[number, number, number, number | undefined]>(
  [0, 18, 179, 181, 1800],
  [Number.NaN, 0, 12, 60, 600],
  [Number.NaN, 0, 60, 600],
  [undefined, 12, 0],
).map(([volume, usualOfWeeks, recentBaseline, floor]) => ({
  checks: ['spike', 'dip'],
  signals: { volume, usualOfWeeks, recentBaseline },
  series: [
    // The last hour has 30 samples; what was before them is the recent level.
    { name: 'tenant_key:atender_requests:rate5m', values: `_x51 ${volume / 3600}+0x29` },
    ...(Number.isNaN(recentBaseline)
      ? []
      : [{ name: 'tenant_key:atender_requests:rate15m', values: `${recentBaseline / 3600}+0x50` }]),
    ...(Number.isNaN(usualOfWeeks)
      ? []
      : [{ name: 'tenant_key:atender_requests:expected_rate1h', values: always(usualOfWeeks / 3600) }]),
  ],
  thresholds: floor === undefined ? {} : { anomaly_min_requests: floor },
}));

const none = { requests: 0, success: 0, redirect: 0, unauthorized: 0, forbidden: 0, throttled: 0 };
const counts = (changes: Partial<WindowCounts>): WindowCounts => {
  const all = { ...none, other4xx: 0, serverErrors: 0, ...changes };
  const { requests: _, ...classes } = all;
  return { ...all, requests: Object.values(classes).reduce((sum, n) => sum + n, 0) };
};
/** So many answers at once, in the last two minutes or twenty minutes ago. */
const burst = (n: number, recent: boolean): string => (recent ? `0+0x79 ${n}` : `0+0x69 ${n}+0x10`);

const ANSWERS: Situation[] = combinations<[number, number, boolean, number | undefined]>(
  [0, 2, 3, 4, 5, 50],
  [0, 16, 17, 949, 950],
  [true, false],
  [undefined, 0],
).flatMap(([errors, success, recent, own]) =>
  (
    [
      ['throttled', 'throttled', '429', ['throttled_ratio', 'throttled_min_errors']],
      ['server_errors', 'serverErrors', '500', ['server_error_ratio', 'server_error_min_errors']],
      ['forbidden', 'forbidden', '403', ['forbidden_count']],
      ['unauthorized', 'unauthorized', '401', ['unauthorized_count']],
    ] as [CheckName, keyof WindowCounts, string, ThresholdKind[]][]
  ).map(([check, cls, status, kinds]) => ({
    checks: [check],
    signals: {
      thirtyMinutes: counts({ success, [cls]: errors }),
      fiveMinutes: recent ? counts({ success, [cls]: errors }) : counts({}),
      forbiddenBefore: false,
    },
    series: [
      { name: 'atender_requests_total', labels: { status: '200' }, values: burst(success, recent) },
      { name: 'atender_requests_total', labels: { status }, values: burst(errors, recent) },
    ],
    thresholds: own === undefined ? {} : Object.fromEntries(kinds.map((kind) => [kind, own])),
  })),
);

const ENDPOINTS: Situation[] = combinations<[[number, number], [number, number]]>(
  [
    [0, 0],
    [1000, 100],
    [30, 9],
  ],
  [
    [10, 10],
    [50, 10],
    [49, 10],
    [9, 9],
    [40, 11],
  ],
).map((both) => ({
  checks: ['endpoint_errors'],
  signals: {
    endpoints: both.map(([requests, errors], i) => ({
      method: 'GET',
      template: `/v1/${i}`,
      requests,
      errors,
    })),
  },
  series: both.flatMap(([requests, errors], i) =>
    [
      ['200', requests - errors] as const,
      ['404', Math.floor(errors / 2)] as const,
      ['422', Math.ceil(errors / 2)] as const,
    ].map(([status, n]) => ({
      name: 'atender_endpoint_requests_total',
      labels: { method: 'GET', endpoint: `/v1/${i}`, status },
      values: burst(n, true),
    })),
  ),
}));

const registered = (changes: Partial<NonNullable<KeySignals['registered']>>): KeySignals['registered'] => ({
  state: 'active',
  realtime: true,
  createdAt: Number.NaN,
  rotatedAt: Number.NaN,
  rotateEvery: Number.NaN,
  scopesChangedAt: Number.NaN,
  limits: { perMinute: null, perDay: null, burst: null },
  ...changes,
});

/** Ages in seconds against thresholds of 600; 0 = never. */
const AGES: Situation[] = combinations<[number, 'active' | 'revoked', boolean, number]>(
  [0, 599, 600, 601, 3000],
  ['active', 'revoked'],
  [true, false],
  [0, 300, 3000],
).map(([age, state, realtime, createdAgo]) => {
  const at = age === 0 ? 0 : NOW - age;
  const createdAt = createdAgo === 0 ? Number.NaN : NOW - createdAgo;
  return {
    checks: ['silence', 'stale'],
    signals: { lastUsed: at, registered: registered({ state, realtime, createdAt }) },
    series: [
      { name: 'atender_key_info', labels: { state, realtime: String(realtime) }, values: always(1) },
      { name: 'atender_key_last_used_timestamp_seconds', values: always(at) },
      ...(createdAgo === 0
        ? []
        : [{ name: 'atender_key_created_timestamp_seconds', values: always(createdAt) }]),
    ],
    thresholds: { silence_seconds: 600, stale_seconds: 600 },
  };
});

/** Keys without any recorded use, by when they were created; recording began 1,000 s ago. */
const RECORDED = 1_000;
const UNUSED: Situation[] = combinations<[number, number]>(
  [0, 300, 999, 1000, 1001, 9000],
  [600, 999, 1000, 1001],
).map(([createdAgo, limit]) => ({
  checks: ['stale'],
  signals: {
    lastUsed: 0,
    recordedSince: NOW - RECORDED,
    registered: registered({ createdAt: createdAgo === 0 ? Number.NaN : NOW - createdAgo }),
  },
  series: [
    { name: 'atender_key_info', labels: { state: 'active' }, values: always(1) },
    { name: 'atender_exporter_recorded_since_timestamp_seconds', values: always(NOW - RECORDED) },
    ...(createdAgo === 0
      ? []
      : [{ name: 'atender_key_created_timestamp_seconds', values: always(NOW - createdAgo) }]),
  ],
  thresholds: { stale_seconds: limit },
}));

const EVENTS: Situation[] = [0, 899, 900, 901, -60].map((age) => ({
  checks: ['new_ip', 'new_surface'],
  signals: {
    lastNewIp: age === 0 ? 0 : NOW - age,
    newSurface: age === 0 ? null : { surface: 'tags', noticed: NOW - age },
  },
  series: [
    { name: 'atender_key_last_new_ip_timestamp_seconds', values: always(age === 0 ? 0 : NOW - age) },
    ...(age === 0
      ? []
      : [
          {
            name: 'atender_key_last_new_surface_timestamp_seconds',
            labels: { surface: 'tags' },
            values: always(NOW - age),
          },
        ]),
  ],
}));

const ROTATIONS: Situation[] = combinations<[number, number, number, 'active' | 'disabled']>(
  [0, 599, 600, 601],
  [0, 300, 500],
  [0, 600, 601],
  ['active', 'disabled'],
).map(([age, maxGap, successorAge, state]) => ({
  checks: ['rotation_complete'],
  signals: {
    lastUsed: age === 0 ? 0 : NOW - age,
    maxGap,
    registered: registered({ state }),
    successor: {
      id: 'new',
      lastUsed: successorAge === 0 ? 0 : NOW - successorAge,
      requestsLastHour: Number.NaN,
    },
  },
  series: [
    { name: 'atender_key_info', labels: { state }, values: always(1) },
    { name: 'atender_key_last_used_timestamp_seconds', values: always(age === 0 ? 0 : NOW - age) },
    { name: 'atender_key_max_gap_seconds', values: always(maxGap) },
    ...(successorAge === 0
      ? []
      : [
          {
            name: 'tenant_key:atender_key_replacement_last_used_timestamp_seconds:max',
            values: always(NOW - successorAge),
          },
        ]),
  ],
  thresholds: { rotation_quiet_seconds: 600 },
}));

const OVERDUE: Situation[] = combinations<[number, number, number, 'active' | 'revoked']>(
  [0, 1000, 2000],
  [0, 599, 600, 601, 2000],
  [0, 400],
  ['active', 'revoked'],
).map(([created, rotated, grace, state]) => {
  const times = { created: created && NOW - created, rotated: rotated && NOW - rotated };
  return {
    checks: ['rotation_overdue'],
    signals: {
      registered: registered({
        state,
        createdAt: times.created || Number.NaN,
        rotatedAt: times.rotated || Number.NaN,
        rotateEvery: 600,
      }),
    },
    series: [
      { name: 'atender_key_info', labels: { state }, values: always(1) },
      { name: 'atender_key_rotate_every_seconds', values: always(600) },
      ...Object.entries(times)
        .filter(([, at]) => at > 0)
        .map(([name, at]) => ({ name: `atender_key_${name}_timestamp_seconds`, values: always(at) })),
    ],
    thresholds: { rotation_overdue_seconds: grace },
  };
});

const QUOTAS: Situation[] = combinations<[number, number, number | null, [number, number]]>(
  [0, 47, 48, 100],
  [0, 799, 800],
  [null, 20],
  [
    [60, 1000],
    [0, 0],
  ],
).map(([peak, today, burst, [perMinute, perDay]]) => ({
  checks: ['quota_minute', 'quota_day'],
  signals: {
    peakPerMinute: peak,
    requestsToday: today,
    hour: counts({}),
    registered: registered({ limits: { perMinute, perDay, burst } }),
  },
  series: [
    { name: 'atender_key_peak_requests_per_minute', values: always(peak) },
    { name: 'atender_key_requests_today', values: always(today) },
    { name: 'atender_key_rate_limit', labels: { window: 'minute' }, values: always(perMinute) },
    { name: 'atender_key_rate_limit', labels: { window: 'day' }, values: always(perDay) },
    ...(burst === null ? [] : [{ name: 'atender_key_rate_limit_burst', values: always(burst) }]),
  ],
}));

/** The keys file says revoked from `revokedAgo` on; a sample of it every two minutes. */
const REVOKED: Situation[] = combinations<[number, number, number | undefined]>(
  [60, 500, 599, 601, 3000, 4000],
  [300, 900, 3300],
  [undefined, 600],
).map(([usedAgo, revokedAgo, limit]) => {
  const first = Math.ceil((NOW - revokedAgo) / STEP);
  return {
    checks: ['revoked_used'],
    signals: {
      lastUsed: NOW - usedAgo,
      retiredAt: first * STEP,
      registered: registered({ state: 'revoked' }),
    },
    series: [
      {
        name: 'atender_key_info',
        labels: { state: 'revoked' },
        values: `${first === 0 ? '' : `_x${first} `}1+0x${80 - first}`,
      },
      { name: 'atender_key_last_used_timestamp_seconds', values: always(NOW - usedAgo) },
    ],
    thresholds: limit === undefined ? {} : { revoked_used_seconds: limit },
  };
});

/** The same of answers with 401. */
const SENT: Situation[] = REVOKED.map((situation) => ({
  ...situation,
  checks: ['revoked_sent'],
  signals: { ...situation.signals, lastUsed: 0, lastRejected: situation.signals.lastUsed ?? 0 },
  series: situation.series.map((one) =>
    one.name === 'atender_key_last_used_timestamp_seconds'
      ? { ...one, name: 'atender_key_last_rejected_timestamp_seconds' }
      : one,
  ),
}));

describe('rule and check say the same of the same key', () => {
  test.each<[string, Situation[]]>([
    ['volumes, with and without a past, around the floor', VOLUMES],
    ['answers now and twenty minutes ago, around the floors, and with thresholds of 0', ANSWERS],
    ['two endpoints of which either may have a cluster', ENDPOINTS],
    ['time since the last use', AGES],
    ['no recorded use, in a record that reaches back to the creation or not', UNUSED],
    ['time since something new was noticed', EVENTS],
    ['rotations under way and done', ROTATIONS],
    ['rotations due', OVERDUE],
    ['use before and after a revocation', REVOKED],
    ['rejections before and after a revocation', SENT],
    ['quotas', QUOTAS],
  ])(
    '%s',
    (_, situations) => {
      const checked = situations.map((situation, i) => ({ key: `key_${i}`, ...situation }));
      const breached = checked.flatMap(({ key, checks, signals, thresholds = {} }) => {
        const found = checksOf({ ...unknownSignals(NOW, effectiveThresholds(thresholds)), ...signals });
        const alerts = checks
          .filter((name) => found[name].result === 'breach')
          .map((name) => CHECKS[name].alert);
        return [...new Set(alerts)].map((alert) => `{alertname="${alert}", key_id="${key}"}`);
      });
      // Neither side may say nothing at all, or everything.
      expect(breached.length).toBeGreaterThan(0);
      expect(breached.length).toBeLessThan(checked.length * 2);
      const alerts = [...new Set(checked.flatMap(({ checks }) => checks.map((name) => CHECKS[name].alert)))];
      expect(alertsOfRules(checked, alerts)).toEqual(breached.sort());
    },
    120_000,
  );
});

/** The ages of one exporter's real-time keys, silent after 600 s; the last one may have its own threshold. */
const STOPPED = combinations<[number, number, number, number | undefined]>(
  [0, 500, 601, 1100],
  [599, 601, 650],
  [601, 1250, 1300],
  [undefined, 1200],
);

test('rule and page say alike whether the keys of an exporter fell silent together', () => {
  const exporters = STOPPED.map(([...ages], i) => {
    const own = ages.pop();
    const keys = (ages as number[]).map((age, at) => ({
      key: `key_${i}_${at}`,
      age,
      limit: at === 2 && own !== undefined ? own : 600,
    }));
    return { instance: `exporter_${i}`, keys };
  });
  const together = exporters.filter(
    ({ keys }) =>
      silentTogether(
        keys.map(({ age, limit }) => ({
          ...unknownSignals(NOW, effectiveThresholds({ silence_seconds: limit })),
          lastUsed: age === 0 ? 0 : NOW - age,
          registered: registered({}),
        })),
      ) > 0,
  );
  expect(together.length).toBeGreaterThan(0);
  expect(together.length).toBeLessThan(exporters.length);
  const input = exporters.flatMap(({ instance, keys }) =>
    keys.flatMap(({ key, age, limit }) => {
      const labels = text({ job: 'atender-exporter', instance, key_id: key });
      return [
        { series: `atender_key_info{${labels}, state="active", realtime="true"}`, values: always(1) },
        { series: `atender_key_threshold{${labels}, kind="silence_seconds"}`, values: always(limit) },
        ...(age === 0
          ? []
          : [{ series: `atender_key_last_used_timestamp_seconds{${labels}}`, values: always(NOW - age) }]),
      ];
    }),
  );
  const blind = 'group by (instance) (instance:atender_exporter:blind{reason="silent_together"})';
  expect(answered(input, blind)).toEqual(together.map(({ instance }) => `{${text({ instance })}}`).sort());
}, 120_000);

/** Which of these alerts the rules raise, in whatever severity and pending included, as promtool says it. */
function alertsOfRules(keys: (Situation & { key: string })[], alerts: string[]): string[] {
  const target = { job: 'atender-exporter', instance: 'a' };
  const input = keys.flatMap(({ key, series, thresholds = {} }) => [
    // Whatever else there is of it: the key is one.
    { series: `atender_key_info{${text({ ...target, key_id: key })}}`, values: always(1) },
    ...series.map(({ name, labels = {}, values }) => ({
      series: `${name}{${text({ ...(name.includes(':') ? {} : target), key_id: key, ...labels })}}`,
      values,
    })),
    ...Object.entries(thresholds).map(([kind, value]) => ({
      series: `atender_key_threshold{${text({ ...target, key_id: key, kind })}}`,
      values: always(value),
    })),
  ]);
  // One that is always in use, or keys silent together would be a stopped log.
  const busy = text({ ...target, key_id: 'busy' });
  input.push(
    { series: `up{${text(target)}}`, values: always(1) },
    { series: `atender_key_info{${busy}, state="active", realtime="true"}`, values: always(1) },
    { series: `atender_key_last_used_timestamp_seconds{${busy}}`, values: `0+${STEP}x80` },
  );
  return answered(input, `group by (alertname, key_id) (ALERTS{alertname=~"${alerts.join('|')}"})`);
}

/** The labels of what the expression answers at NOW over these series and what the rules make of them, sorted. */
function answered(input: { series: string; values: string }[], expr: string): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'atender-checks-'));
  const names = files('rules', '.yml').map((name) => join(PACK, 'rules', name));
  writeFileSync(
    join(directory, 'same.test.yml'),
    stringify(
      {
        rule_files: names,
        evaluation_interval: `${EVALUATION}s`,
        tests: [
          {
            interval: `${STEP}s`,
            input_series: input,
            promql_expr_test: [
              {
                expr,
                eval_time: `${NOW}s`,
                // A wrong answer is what promtool tells in full.
                exp_samples: [{ labels: '{none="expected"}', value: 1 }],
              },
            ],
          },
        ],
      },
      { aliasDuplicateObjects: false },
    ),
  );
  try {
    const { output } = run('promtool', ['test', 'rules', 'same.test.yml'], directory);
    const got = output.match(/^ *got: (.*)$/m)?.[1];
    if (got === undefined) throw new Error(output);
    return (got.match(/\{[^}]*\}/g) ?? []).sort();
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function text(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(', ');
}
