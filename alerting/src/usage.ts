import {
  BY_KEY,
  effective,
  maxByKey,
  ON_KEY,
  promql,
  REAL_KEYS,
  RECORDED_KINDS,
  RETIRED_KEYS,
} from '../../exporter/src/health/promql.ts';
import { KEY_SERIES, RECORDED } from '../../exporter/src/health/series.ts';
import { THRESHOLDS, type ThresholdKind } from '../../exporter/src/health/thresholds.ts';
import type { Group, Recording, RuleFile } from './rule.ts';

const { requests, threshold, info, lastUsed, lastRejected } = KEY_SERIES;

/** The threshold that the keys file sets, else the default for each of the keys. */
const ownOrDefault = (kind: ThresholdKind, keys: string): string => promql`
  ${maxByKey(`${threshold}{kind="${kind}"}`)}
  or
  ${maxByKey(keys)} * 0 + ${THRESHOLDS[kind].default}`;

const everyKey = effective('unauthorized_count');

/** A threshold for every key that is neither revoked nor disabled. */
const forActiveKeys = (kind: ThresholdKind, why?: string): Recording => ({
  record: RECORDED.threshold,
  ...(why && { why }),
  labels: { kind },
  expr: promql`
    (
      ${ownOrDefault(kind, everyKey)}
    )
    unless ${ON_KEY} ${RETIRED_KEYS}`,
});

/** `(unauthorized|forbidden)_count`: the recorded kinds, those with one ending together. */
function recordedPattern(): string {
  const endings = new Map<string, string[]>();
  for (const kind of RECORDED_KINDS) {
    const at = kind.lastIndexOf('_');
    const ending = kind.slice(at);
    endings.set(ending, [...(endings.get(ending) ?? []), kind.slice(0, at)]);
  }
  return [...endings].map(([ending, names]) => `(${names.join('|')})${ending}`).join('|');
}

const thresholds: Group = {
  name: 'atender-thresholds',
  rules: [
    {
      record: RECORDED.threshold,
      why: `
        The effective thresholds, as one vector: what the keys file sets for a key (exposed as atender_key_threshold,
        only where set), else the default. Kinds and defaults come from the exporter's thresholds.

        Alerts compare with this vector by tenant and key, never with atender_key_info: two exporters that differ in one
        info label would break the match. A key without a row is not judged. That is how a revoked key, a pseudo-key
        such as __none__, and a key that is not real-time stay out of an alert.

        The first rule covers every key, and the others start from it. A request leaves a last-used or a last-rejected
        time. A rate covers requests dated in the future. Reading these series costs a third of reading every counter
        of every key.`,
      labels: { kind: 'unauthorized_count' },
      expr: promql`
        ${maxByKey(`${threshold}{kind="unauthorized_count"}`)}
        or
        max by (${BY_KEY}) (
          {__name__=~"${info}|${lastRejected}|${lastUsed}|${RECORDED.rate}", ${REAL_KEYS}}
        ) * 0 + ${THRESHOLDS.unauthorized_count.default}`,
    },
    forActiveKeys(
      'throttled_ratio',
      `Revoked and disabled keys have alerts of their own. These thresholds are for the others. A key that the keys file
      does not have counts as active.`,
    ),
    forActiveKeys('server_error_ratio'),
    forActiveKeys('forbidden_count'),
    forActiveKeys('stale_seconds'),
    forActiveKeys('spike_ratio'),
    forActiveKeys('dip_ratio'),
    {
      record: RECORDED.replacementLastUsed,
      why: `
        Old keys of rotations: when the key that names them under "replaces" was last used. "replaces" is a label of the
        new key. Here it becomes the key_id.`,
      expr: promql`
        max by (${BY_KEY}) (
          label_replace(
            max by (tenant_id, replaces) (
              ${maxByKey(`${lastUsed} > 0`)}
              * ${ON_KEY} group_right ()
              max by (${BY_KEY}, replaces) (${info}{replaces!=""})
            ),
            "key_id", "$1", "replaces", "(.+)"
          )
        )`,
    },
    {
      record: RECORDED.threshold,
      why: `
        Silence means something only on an active real-time key whose traffic has not moved to the key that replaces
        it.`,
      labels: { kind: 'silence_seconds' },
      expr: promql`
        (
          (
            ${ownOrDefault('silence_seconds', everyKey)}
          )
          and ${ON_KEY} ${info}{state="active", realtime="true"}
        )
        < ${ON_KEY}
        (
          (time() - ${RECORDED.replacementLastUsed})
          or
          ${maxByKey(everyKey)} * 0 + Inf
        )`,
    },
    {
      record: RECORDED.threshold,
      why: `
        Floors and durations have a row only where the keys file sets them. A row for each of them and each key would
        cost more than the alerts are worth. Rules that use them add the default.`,
      expr: promql`
        max by (${BY_KEY}, kind) (
          ${threshold}{kind!~"${recordedPattern()}"}
        )`,
    },
  ],
};

const WEEKS = [1, 2, 3];
const pastWeeks = WEEKS.map(
  (week) => `label_replace(avg_over_time(${RECORDED.rate}[1h] offset ${week}w), "week", "${week}", "", "")`,
).join('\nor\n');

/** A rate of every key, by what dashboards choose keys by. A key that the keys file does not have has neither label. */
const byTier = (rate: string): string => promql`
  sum by (tenant_id, environment, tier) (
    ${rate}
    * ${ON_KEY} group_left (environment, tier)
    topk by (${BY_KEY}) (1, max by (${BY_KEY}, environment, tier) (${info}))
    or
    ${rate} unless ${ON_KEY} ${info}
  )`;

const usage: Group = {
  name: 'atender-usage',
  intervalWhy: 'A sample a minute, whatever the global interval: the baselines below read weeks of them.',
  interval: '1m',
  rules: [
    {
      record: RECORDED.rate,
      why: 'Requests per second of each key, 401s included.',
      expr: `sum by (${BY_KEY}) (rate(${requests}{${REAL_KEYS}}[5m]))`,
    },
    {
      record: RECORDED.rateByClass,
      why: 'Requests per second of each tenant by status class. Requests without a key are included.',
      expr: `sum by (tenant_id, status_class) (rate(${requests}[5m]))`,
    },
    {
      record: RECORDED.refused,
      why: '401 and 403 responses of the last five minutes, only for keys that have any.',
      expr: promql`
        sum by (${BY_KEY}, status) (
          increase(${requests}{status=~"401|403", ${REAL_KEYS}}[5m])
        )
        > 0`,
    },
    {
      record: RECORDED.expectedRate,
      why: `
        Requests per second to expect now: the median of the same hour of the last three weeks. The median forgets one
        odd week. With less than three weeks of history it is the median of what exists. Needs a retention of 22 days
        or more. The default of Prometheus is 15.`,
      expr: promql`
        quantile by (${BY_KEY}) (
          0.5,
          ${pastWeeks}
        )`,
    },
    {
      record: RECORDED.rateByTier,
      why: `
        Both rates by what dashboards choose keys by. One row a key: exporters whose keys files differ for a while must
        neither break the join nor count a key twice.`,
      expr: byTier(RECORDED.rate),
    },
    { record: RECORDED.expectedByTier, expr: byTier(RECORDED.expectedRate) },
  ],
};

const history: Group = {
  name: 'atender-history',
  intervalWhy: 'Four samples an hour are enough for a history, and keep seven days of it cheap to read.',
  interval: '15m',
  rules: [
    {
      record: RECORDED.rate15m,
      why: 'Traffic for queries over days of every key. They read a fifteenth of the samples of the 5-minute rate.',
      expr: `avg_over_time(${RECORDED.rate}[15m])`,
    },
    {
      record: RECORDED.forbidden,
      why: `
        403 responses of the last hour, only for keys that have any. AtenderKeyForbiddenSpike reads it to decide whether
        a key was clean.`,
      expr: `sum by (${BY_KEY}) (increase(${requests}{status="403", ${REAL_KEYS}}[1h])) > 0`,
    },
  ],
};

export const usageRules: RuleFile = {
  file: 'usage.yml',
  about: `
    What alerts, dashboards and panel share: the thresholds that hold for each key, and its traffic.

    Recorded series cost memory for every key. So this file records at most eleven a key: eight thresholds, the rates of
    5 and 15 minutes, and the expected rate. All others exist only for the few keys they are about, or are a few series
    a tenant.`,
  shared: {},
  groups: [thresholds, usage, history],
};
