import { count, percent, span, tenths } from '../text/numbers.ts';
import type { CheckResult } from './checks.ts';
import { THRESHOLDS, type Threshold, type ThresholdKind } from './thresholds.ts';

/** Titles of the results of checks. */
export const RESULT_TITLES: Record<CheckResult, string> = {
  breach: 'Breached',
  ok: 'OK',
  unknown: 'Unknown',
  not_applicable: 'Not judged',
};

/** Formats a value in the unit of its threshold; "–" if there is none. */
export function valueText(value: number, unit: Threshold['unit']): string {
  if (!Number.isFinite(value)) return '–';
  if (unit === 'seconds') return span(value);
  if (unit === 'ratio') return percent(value);
  return unit === 'factor' ? `${tenths(value)} ×` : count(value);
}

/** Formats a threshold with the direction of its breach: "more than 1 %". */
export function thresholdText(kind: ThresholdKind, value: number): string {
  const { unit, breach } = THRESHOLDS[kind];
  const text = valueText(value, unit);
  if (breach === 'above') return `more than ${text}`;
  return breach === 'at_most' ? `${text} or less` : `${text} or more`;
}

/** The default of a threshold as text: "99 %", "30 d". */
export const defaultText = (kind: ThresholdKind): string =>
  valueText(THRESHOLDS[kind].default, THRESHOLDS[kind].unit);

/** When the old key of a rotation may be revoked: the rule of the check `rotation_complete`, with its defaults. */
export const WHEN_TO_REVOKE_OLD_KEY =
  `Revoke the old key when it has been unused for ${defaultText('rotation_quiet_seconds')} and for ` +
  `${defaultText('rotation_gap_factor')} its longest recent gap. The new key must be in use.`;
