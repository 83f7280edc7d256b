import { counted, span } from '../text/numbers.ts';
import { CHECK_NAMES, type Check, type CheckName } from './checks.ts';
import { checksOf } from './checks-of.ts';
import type { KeySignals } from './key-signals.ts';
import { type KeyState, STATE_NAMES, STATES } from './states.ts';
import { anyUnknown, isRetired, largestErrorClass } from './traffic-checks.ts';

/** The state of a key, its reason, and every check. */
export interface KeyHealth {
  state: KeyState;
  /** One or two sentences with the value and the threshold that decided. */
  reason: string;
  /** 0 = worst; the order in which keys are listed. */
  rank: number;
  /** In the order of CHECKS. */
  checks: Check[];
}

type Checks = Record<CheckName, Check>;
/** Returns the reason if the key is in the state, else undefined. */
type Rule = (signals: KeySignals, checks: Checks) => string | undefined;

/** The one rule for each state. The first that holds, in the order of STATES, is the key's state. */
const RULES: Record<KeyState, Rule> = {
  revoked_used: whenBreached('revoked_used'),
  blind: ({ pipelineAlive }) => (pipelineAlive ? undefined : STATES.blind.meaning),
  failing: whenBreached('server_errors'),
  unauthorized: whenBreached('unauthorized'),
  // A stale key is not silent: no integration just broke.
  silent: (_, { silence, stale }) => (stale.result === 'breach' ? undefined : breachReason(silence)),
  throttled: whenBreached('throttled'),
  forbidden: (signals, checks) => {
    if (checks.forbidden.result === 'breach') return checks.forbidden.explanation;
    const lasting =
      checks.success.result === 'breach' && largestErrorClass(signals.thirtyMinutes)?.[0] === 'forbidden';
    const enough = signals.thirtyMinutes.forbidden >= signals.thresholds.forbidden_count.value;
    return lasting && enough ? checks.forbidden.explanation : undefined;
  },
  new_ip: whenBreached('new_ip'),
  new_surface: whenBreached('new_surface'),
  degraded: whenBreached('success'),
  attention: whenBreached('endpoint_errors', 'quota_minute', 'quota_day', 'spike', 'dip', 'rotation_overdue'),
  stale: ({ lastUsed }, checks) => (lastUsed > 0 ? breachReason(checks.stale) : undefined),
  rotating,
  never_used: ({ lastUsed, lastRejected, registered, recordedSince, now }, checks) => {
    if (lastUsed !== 0 || isRetired(registered)) return undefined;
    const rejected = lastRejected > 0 ? ' Its requests got 401.' : '';
    const recorded = Number.isFinite(recordedSince)
      ? `No use since recording began ${span(now - recordedSince)} ago.`
      : 'No recorded use.';
    const since = checks.stale.result === 'unknown' ? recorded : checks.stale.explanation;
    return `${since}${rejected}`;
  },
  low_traffic: ({ thresholds }, { success }) =>
    success.result === 'ok' && success.value <= thresholds.success_ratio.value
      ? success.explanation
      : undefined,
  disabled: ({ registered, lastUsed, now }, checks) => {
    if (!isRetired(registered)) return undefined;
    if (checks.revoked_sent.result === 'breach') return checks.revoked_sent.explanation;
    const used =
      lastUsed > 0
        ? `; last used ${span(now - lastUsed)} ago`
        : lastUsed === 0
          ? '; no recorded use'
          : '; the time of last use is unknown';
    return `The keys file marks the key as ${registered.state}${used}.`;
  },
  idle: ({ thirtyMinutes, lastUsed, now }, { silence }) => {
    if (thirtyMinutes.requests !== 0 || anyUnknown(lastUsed)) return undefined;
    const limit = silence.result === 'ok' ? `; silent after ${span(silence.threshold)}` : '';
    return `No requests in the last 30 min; last used ${span(now - lastUsed)} ago${limit}.`;
  },
  healthy: (_, { success }) => (success.result === 'ok' ? success.explanation : undefined),
  unknown: () => 'The responses of the key are unknown.',
};

/**
 * Returns the state of a key. Any signals give a state and a reason. `unknown` is used only if no other state applies,
 * although states after it in the list are less urgent.
 */
export function stateOf(signals: KeySignals): KeyHealth {
  const checks = checksOf(signals);
  const all = CHECK_NAMES.map((name) => checks[name]);
  for (const state of STATE_NAMES) {
    if (state === 'unknown') continue;
    const reason = RULES[state](signals, checks);
    if (reason !== undefined) return { state, reason, rank: STATE_NAMES.indexOf(state), checks: all };
  }
  const reason = RULES.unknown(signals, checks) as string;
  return { state: 'unknown', reason, rank: STATE_NAMES.indexOf('unknown'), checks: all };
}

/** Compares two keys: worst state first, then more requests first. */
export function worstFirst(
  a: { health: KeyHealth; requests: number },
  b: { health: KeyHealth; requests: number },
): number {
  return a.health.rank - b.health.rank || (b.requests || 0) - (a.requests || 0);
}

function whenBreached(...names: CheckName[]): Rule {
  return (_, checks) =>
    names.map((name) => breachReason(checks[name])).find((reason) => reason !== undefined);
}

const breachReason = (check: Check): string | undefined =>
  check.result === 'breach' ? check.explanation : undefined;

/** Applies to both keys of a rotation: to the old key once the new one is used, to the new key while the old one is used. */
function rotating(
  { registered, now, lastUsed, successor, predecessor, thresholds }: KeySignals,
  checks: Checks,
) {
  if (isRetired(registered)) return undefined;
  if (successor !== null && successor.lastUsed > 0 && lastUsed > 0)
    return checks.rotation_complete.explanation;
  if (predecessor === null || !(lastUsed > 0) || !(predecessor.lastUsed > 0)) return undefined;
  const unusedFor = Math.max(0, now - predecessor.lastUsed);
  if (!(unusedFor <= thresholds.rotation_quiet_seconds.value)) return undefined;
  const hour = Number.isFinite(predecessor.requestsLastHour)
    ? ` (${counted(predecessor.requestsLastHour, 'request')} in the last hour)`
    : '';
  return `Replaces ${predecessor.id}, which was last used ${span(unusedFor)} ago${hour}.`;
}
