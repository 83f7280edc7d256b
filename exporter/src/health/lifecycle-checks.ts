import { span } from '../text/numbers.ts';
import type { CheckName, Finding } from './checks.ts';
import { notApplicable, unknown, verdict } from './findings.ts';
import type { KeySignals } from './key-signals.ts';
import { anyUnknown, isRetired } from './traffic-checks.ts';

type LifecycleCheck = 'silence' | 'stale' | 'rotation_complete' | 'rotation_overdue';

/** Rules about when the key was last used, and about its rotation. */
export function lifecycleChecks(signals: KeySignals): Record<LifecycleCheck & CheckName, Finding> {
  return {
    silence: silence(signals),
    stale: stale(signals),
    rotation_complete: rotationComplete(signals),
    rotation_overdue: rotationOverdue(signals),
  };
}

/** Only where silence means something: an active real-time key, used before, its traffic not moved elsewhere. */
export function silence(signals: KeySignals): Finding {
  const { registered, lastUsed, now, successor, thresholds } = signals;
  if (registered === undefined) return unknown('Whether the key is active and real-time is not known.');
  if (registered === null)
    return notApplicable('The keys file does not have this key, so silence is no alarm.');
  if (registered.state !== 'active') return notApplicable(`The key is ${registered.state}.`);
  if (!registered.realtime) return notApplicable('The key is not real-time, so silence is no alarm.');
  if (!signals.pipelineAlive)
    return unknown('The request log has stopped or is not read to its end, so silence means nothing.');
  if (anyUnknown(lastUsed)) return unknown('When the key was last used is not known.');
  if (lastUsed <= 0) return notApplicable('No use of the key is recorded.');
  const quiet = Math.max(0, now - lastUsed);
  const limit = thresholds.silence_seconds.value;
  if (successor !== null && successor.lastUsed > 0 && now - successor.lastUsed <= limit)
    return notApplicable(`Its traffic has moved to ${successor.id}, so silence is expected.`);
  return verdict(quiet > limit, quiet, `Last used ${span(quiet)} ago; silent after ${span(limit)}.`);
}

/** Applies to keys the keys file does not have as well: a key nobody registered and nobody uses is a risk too. */
function stale(signals: KeySignals): Finding {
  const { registered, lastUsed, now, thresholds } = signals;
  if (isRetired(registered)) return notApplicable(`The key is ${registered.state}.`);
  if (anyUnknown(lastUsed)) return unknown('When the key was last used is not known.');
  const since = lastUsed > 0 ? lastUsed : unusedSince(signals);
  if (anyUnknown(since)) return unknown('No use is recorded, and when the key was created is not known.');
  const age = Math.max(0, now - since);
  const limit = thresholds.stale_seconds.value;
  const what =
    lastUsed > 0
      ? 'Last used'
      : since === registered?.createdAt
        ? 'Never used, created'
        : 'No use since recording began';
  return verdict(age > limit, age, `${what} ${span(age)} ago; stale after ${span(limit)}.`);
}

/** Since when a key without any recorded use is known to be unused: never before the record begins. */
function unusedSince({ registered, recordedSince }: KeySignals): number {
  const created = registered?.createdAt ?? Number.NaN;
  return recordedSince > created ? recordedSince : created;
}

/** The key that replaces this one was used within the time that this one has to be quiet for. */
export function carriesTraffic({ successor, now, thresholds }: KeySignals): boolean {
  if (successor === null || !(successor.lastUsed > 0)) return false;
  return now - successor.lastUsed <= thresholds.rotation_quiet_seconds.value;
}

/** The old key has been quiet for longer than it ever was of late, while the new one carries the traffic. */
function rotationComplete(signals: KeySignals): Finding {
  const { registered, successor, lastUsed, maxGap, now, thresholds } = signals;
  if (registered === undefined) return unknown('Whether a key replaces this one is not known.');
  if (successor === null) return notApplicable('No key replaces this one.');
  if (isRetired(registered)) return notApplicable(`The key is ${registered.state} already.`);
  if (!signals.pipelineAlive)
    return unknown('The request log has stopped or is not read to its end, so quiet means nothing.');
  if (anyUnknown(lastUsed, successor.lastUsed))
    return unknown('When the two keys were last used is not known.');
  if (lastUsed <= 0) return notApplicable('No use of the key is recorded.');
  const quiet = Math.max(0, now - lastUsed);
  const least = thresholds.rotation_quiet_seconds.value;
  const ownCadence = thresholds.rotation_gap_factor.value * (Number.isFinite(maxGap) ? maxGap : 0);
  const threshold = Math.max(least, ownCadence);
  const carries = carriesTraffic(signals);
  const complete = quiet > threshold && carries;
  const explanation = complete
    ? `Not used for ${span(quiet)}, longer than ${span(threshold)}, while ${successor.id} carries the traffic: safe to revoke.`
    : !carries
      ? `${successor.id}, which replaces this key, is not in use yet.`
      : `${successor.id} replaces this key, which was still used ${span(quiet)} ago; ` +
        `safe to revoke after ${span(threshold)} without use.`;
  return { ...verdict(complete, quiet, explanation), threshold };
}

function rotationOverdue({ registered, now, thresholds }: KeySignals): Finding {
  if (registered === undefined) return unknown('Whether the key has a rotation policy is not known.');
  if (registered === null || anyUnknown(registered.rotateEvery))
    return notApplicable('The key has no rotation policy.');
  if (registered.state !== 'active') return notApplicable(`The key is ${registered.state}.`);
  const since = Number.isFinite(registered.rotatedAt) ? registered.rotatedAt : registered.createdAt;
  if (anyUnknown(since)) return unknown('When the key was created or last rotated is not known.');
  const age = Math.max(0, now - since);
  const overdue = age - registered.rotateEvery;
  const policy = `Last rotated ${span(age)} ago; its policy is every ${span(registered.rotateEvery)}`;
  return verdict(overdue > thresholds.rotation_overdue_seconds.value, overdue, `${policy}.`);
}
