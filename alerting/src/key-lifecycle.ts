import {
  anyDown,
  effective,
  effectiveOrDefault,
  maxByKey,
  ON_INSTANCE,
  ON_KEY,
  promql,
  RETIRED_KEYS,
  shownByBlind,
} from '../../exporter/src/health/promql.ts';
import { KEY_SERIES, RECORDED } from '../../exporter/src/health/series.ts';
import { SELF_FAMILIES } from '../../exporter/src/metrics/families.ts';
import type { Alert, RuleFile } from './rule.ts';
import {
  firstValue,
  keyAnnotations,
  keyQuery,
  keySummary,
  ofKey,
  present,
  thresholdText,
} from './templates.ts';

const { lastUsed, created, rotated, rotateEvery, maxGap, info } = KEY_SERIES;
const DURATION = '{{ $value | humanizeDuration }}';

/** When the exporters that show a key began to record: the latest of them, for every key with a creation time. */
const recordingBegan = promql`
  ${maxByKey(`
    (${created} > 0) * 0
    + ${ON_INSTANCE} group_left ()
    max by (job, instance) (${SELF_FAMILIES.recordedSince.name})
  `)}`;

const stale: Alert = {
  alert: 'AtenderKeyStale',
  why: `
    A candidate for revocation. A key without recorded use counts from its creation, or from when recording began,
    whichever is later: no absence is claimed further back than the record. If several exporters show the key, the one
    with the shortest record decides. An exporter that is too old to expose when its record began counts from the
    creation alone. A key whose creation is unknown is not judged: 0 would look like fifty years.`,
  expr: promql`
    (
      time() - (
        ${maxByKey(`${lastUsed} > 0`)}
        or
        ${recordingBegan}
        > ${ON_KEY}
        ${maxByKey(`${created} > 0`)}
        or
        ${maxByKey(`${created} > 0`)}
      )
    )
    > ${ON_KEY}
    ${effective('stale_seconds')}`,
  for: '1h',
  forWhy: 'An exporter that comes back after weeks first shows an old last used.',
  keepFiringFor: '1h',
  labels: { severity: 'info', category: 'lifecycle' },
  shared: 'key',
  annotations: {
    summary: keySummary(present, ` is stale: no use for ${DURATION}`),
    description:
      `{{ with ${keyQuery(`max(${lastUsed}${ofKey()}) > 0`)} }}Last used {{ . | first | value | humanizeTimestamp }}` +
      `{{ else }}{{ with printf \`time() - max(${created}${ofKey()}) > %f\` $labels.tenant_id $labels.key_id $value | query }}` +
      `No use since recording began ${DURATION} ago; created {{ . | first | value | humanizeDuration }} ago` +
      `{{ else }}Never used, created ${DURATION} ago{{ end }}{{ end }} ` +
      `(threshold ${thresholdText('stale_seconds')}). ` +
      'Ask the owner whether it is still needed; if not, revoke it.',
    value: `${DURATION} without use`,
    threshold: thresholdText('stale_seconds'),
  },
};

const replaced = RECORDED.replacementLastUsed;
const rotationComplete: Alert = {
  alert: 'AtenderKeyRotationComplete',
  why: `
    The migration is finished. The old key of a rotation has been silent for a day, and for longer than one and a half
    times its own longest gap in the last 30 days. A weekly job must miss its week first. The new key is in use.`,
  expr: promql`
    (
      (time() - ${maxByKey(`${lastUsed} > 0`)})
      > ${ON_KEY}
      ${effectiveOrDefault('rotation_quiet_seconds', maxByKey(lastUsed))}
      > ${ON_KEY}
      (
        ${maxByKey(maxGap)}
        * ${ON_KEY}
        ${effectiveOrDefault('rotation_gap_factor', maxByKey(maxGap))}
        or
        ${maxByKey(lastUsed)} * 0
      )
    )
    and ${ON_KEY}
    (
      (time() - ${replaced})
      <= ${ON_KEY}
      ${effectiveOrDefault('rotation_quiet_seconds', replaced)}
    )
    unless ${ON_KEY} ${RETIRED_KEYS}
    unless ${ON_KEY} ${shownByBlind()}
    unless on () ${anyDown()}`,
  for: '1h',
  keepFiringFor: '15m',
  keepFiringWhy: 'A failed scrape does not start it again.',
  labels: { severity: 'info', category: 'lifecycle' },
  shared: 'key',
  annotations: {
    summary: keySummary(present, ` can be revoked: quiet for ${DURATION}, its replacement is in use`),
    description:
      `{{ with ${keyQuery(`${info}{tenant_id=%q,replaces=%q}`)} }}{{ . | first | label "key_id" }} replaces this key and carries its traffic.{{ end }} ` +
      `Last used ${firstValue(keyQuery(`max(${lastUsed}${ofKey()})`), 'humanizeTimestamp')}, ` +
      `${thresholdText('rotation_quiet_seconds')} of quiet are asked for, and ${thresholdText('rotation_gap_factor')} times its longest pause of 30 days ` +
      `(${firstValue(keyQuery(`max(${maxGap}${ofKey()})`), 'humanizeDuration', 'not known')}).`,
    value: `${DURATION} without use`,
    threshold: `${thresholdText('rotation_quiet_seconds')} and ${thresholdText('rotation_gap_factor')} × its longest pause`,
  },
};

const POLICY = firstValue(keyQuery(`max(${rotateEvery}${ofKey()})`), 'humanizeDuration');
const LAST_ROTATION = firstValue(
  keyQuery(`max(${rotated}${ofKey()}) or max(${created}${ofKey()})`),
  'humanizeTimestamp',
);
const rotationOverdue: Alert = {
  alert: 'AtenderKeyRotationOverdue',
  why: "Judged by the key's own policy (rotateEvery in the keys file). A key without a policy is not judged.",
  expr: promql`
    (
      time() - (
        ${maxByKey(`${rotated} > 0`)}
        or
        ${maxByKey(`${created} > 0`)}
      )
      - ${ON_KEY}
      ${maxByKey(`${rotateEvery} > 0`)}
    )
    > ${ON_KEY}
    ${effectiveOrDefault('rotation_overdue_seconds', maxByKey(rotateEvery))}
    unless ${ON_KEY} ${RETIRED_KEYS}`,
  for: '1h',
  labels: { severity: 'info', category: 'lifecycle' },
  shared: 'key',
  annotations: {
    summary: keySummary(present, `: rotation is overdue by ${DURATION}`),
    description:
      `Its policy is a rotation every ${POLICY}; ` +
      `the last one was at ${LAST_ROTATION} (grace ${thresholdText('rotation_overdue_seconds')}).`,
    value: `overdue by ${DURATION}`,
    threshold: `every ${POLICY}`,
  },
};

export const keyLifecycleRules: RuleFile = {
  file: 'key-lifecycle.yml',
  about:
    'Is something due for the key? Notices for a digest, and tickets for working hours. Nothing here pages.',
  shared: { key: keyAnnotations(present) },
  groups: [
    {
      name: 'atender-key-lifecycle',
      intervalWhy: 'These rules judge hours and days.',
      interval: '1m',
      rules: [stale, rotationComplete, rotationOverdue],
    },
  ],
};
