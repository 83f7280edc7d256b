import { span } from '../text/numbers.ts';
import { judged, notApplicable, unknown } from './check-outcomes.ts';
import type { CheckName, CheckOutcome } from './checks.ts';
import type { KeySignals } from './key-signals.ts';
import { anyUnknown, isRetired } from './traffic-checks.ts';

type LifecycleCheck = 'silence' | 'stale' | 'rotation_complete' | 'rotation_overdue';

/** Checks on the time of last use and on rotation. */
export function lifecycleChecks(signals: KeySignals): Record<LifecycleCheck & CheckName, CheckOutcome> {
  return {
    silence: silence(signals),
    stale: stale(signals),
    rotation_complete: rotationComplete(signals),
    rotation_overdue: rotationOverdue(signals),
  };
}

/** Applies to active real-time keys that were used before and whose traffic did not move to a successor. */
export function silence(signals: KeySignals): CheckOutcome {
  const { registered, lastUsed, now, successor, thresholds } = signals;
  if (registered === undefined) return unknown('It is unknown whether the key is active and real-time.');
  if (registered === null)
    return notApplicable('The key is not in the keys file, so silence is not checked.');
  if (registered.state !== 'active') return notApplicable(`The key is ${registered.state}.`);
  if (!registered.realtime) return notApplicable('The key is not real-time, so silence is not checked.');
  if (!signals.pipelineAlive)
    return unknown('The request log has stopped or is not read to its end, so silence means nothing.');
  if (anyUnknown(lastUsed)) return unknown('The time of last use is unknown.');
  if (lastUsed <= 0) return notApplicable('The key has no recorded use.');
  const unusedFor = Math.max(0, now - lastUsed);
  const limit = thresholds.silence_seconds.value;
  if (successor !== null && successor.lastUsed > 0 && now - successor.lastUsed <= limit)
    return notApplicable(`Traffic has moved to ${successor.id}, so silence is expected.`);
  return judged(
    unusedFor > limit,
    unusedFor,
    `Last used ${span(unusedFor)} ago; silent after ${span(limit)}.`,
  );
}

/** Applies to unregistered keys too: a key that nobody registered and nobody uses is a risk. */
function stale(signals: KeySignals): CheckOutcome {
  const { registered, lastUsed, now, thresholds } = signals;
  if (isRetired(registered)) return notApplicable(`The key is ${registered.state}.`);
  if (anyUnknown(lastUsed)) return unknown('The time of last use is unknown.');
  const since = lastUsed > 0 ? lastUsed : unusedSince(signals);
  if (anyUnknown(since)) return unknown('The key has no recorded use, and its creation time is unknown.');
  const age = Math.max(0, now - since);
  const limit = thresholds.stale_seconds.value;
  const what =
    lastUsed > 0
      ? 'Last used'
      : since === registered?.createdAt
        ? 'Never used, created'
        : 'No use since recording began';
  return judged(age > limit, age, `${what} ${span(age)} ago; stale after ${span(limit)}.`);
}

/** Start of the known time without use, seconds since the epoch: creation, or the start of recording if that is later. */
function unusedSince({ registered, recordedSince }: KeySignals): number {
  const created = registered?.createdAt ?? Number.NaN;
  return recordedSince > created ? recordedSince : created;
}

/** Whether the successor was used within the rotation threshold. */
export function carriesTraffic({ successor, now, thresholds }: KeySignals): boolean {
  if (successor === null || !(successor.lastUsed > 0)) return false;
  return now - successor.lastUsed <= thresholds.rotation_quiet_seconds.value;
}

/** The old key has been unused for longer than its longest recent gap, while the new key is in use. */
function rotationComplete(signals: KeySignals): CheckOutcome {
  const { registered, successor, lastUsed, maxGap, now, thresholds } = signals;
  if (registered === undefined) return unknown('It is unknown whether another key replaces this one.');
  if (successor === null) return notApplicable('No key replaces this one.');
  if (isRetired(registered)) return notApplicable(`The key is already ${registered.state}.`);
  if (!signals.pipelineAlive)
    return unknown('The request log has stopped or is not read to its end, so missing use means nothing.');
  if (anyUnknown(lastUsed, successor.lastUsed))
    return unknown('The time of last use of one of the two keys is unknown.');
  if (lastUsed <= 0) return notApplicable('The key has no recorded use.');
  const unusedFor = Math.max(0, now - lastUsed);
  const least = thresholds.rotation_quiet_seconds.value;
  const ownCadence = thresholds.rotation_gap_factor.value * (Number.isFinite(maxGap) ? maxGap : 0);
  const threshold = Math.max(least, ownCadence);
  const carries = carriesTraffic(signals);
  const complete = unusedFor > threshold && carries;
  const explanation = complete
    ? `Last used ${span(unusedFor)} ago, more than ${span(threshold)}, while ${successor.id} is in use: safe to revoke.`
    : !carries
      ? `${successor.id} replaces this key but is not in use.`
      : `${successor.id} replaces this key, which was last used ${span(unusedFor)} ago; ` +
        `safe to revoke after ${span(threshold)} without use.`;
  return { ...judged(complete, unusedFor, explanation), threshold };
}

function rotationOverdue({ registered, now, thresholds }: KeySignals): CheckOutcome {
  if (registered === undefined) return unknown('It is unknown whether the key has a rotation policy.');
  if (registered === null || anyUnknown(registered.rotateEvery))
    return notApplicable('The key has no rotation policy.');
  if (registered.state !== 'active') return notApplicable(`The key is ${registered.state}.`);
  const since = Number.isFinite(registered.rotatedAt) ? registered.rotatedAt : registered.createdAt;
  if (anyUnknown(since)) return unknown('The time of creation or last rotation is unknown.');
  const age = Math.max(0, now - since);
  const overdue = age - registered.rotateEvery;
  const what = Number.isFinite(registered.rotatedAt) ? 'Last rotated' : 'Created';
  const policy = `${what} ${span(age)} ago; the policy is every ${span(registered.rotateEvery)}`;
  return judged(overdue > thresholds.rotation_overdue_seconds.value, overdue, `${policy}.`);
}
