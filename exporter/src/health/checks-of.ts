import { CHECK_NAMES, CHECKS, type Check, type CheckName, type CheckOutcome } from './checks.ts';
import type { KeySignals } from './key-signals.ts';
import { lifecycleChecks } from './lifecycle-checks.ts';
import { THRESHOLDS } from './thresholds.ts';
import { trafficChecks } from './traffic-checks.ts';
import { usageChecks } from './usage-checks.ts';

/** Applies every check to the signals of a key. */
export function checksOf(signals: KeySignals): Record<CheckName, Check> {
  const findings: Record<CheckName, CheckOutcome> = {
    ...trafficChecks(signals),
    ...usageChecks(signals),
    ...lifecycleChecks(signals),
  };
  const checks: Partial<Record<CheckName, Check>> = {};
  for (const name of CHECK_NAMES) {
    const { kind, label, alert } = CHECKS[name];
    const { value: limit, origin } = signals.thresholds[kind];
    const { value, result, explanation, threshold = limit } = findings[name];
    const unit = THRESHOLDS[kind].unit;
    checks[name] = { name, kind, label, alert, value, threshold, unit, origin, result, explanation };
  }
  return checks as Record<CheckName, Check>;
}
