import { count, counted, percent, span } from '../text/numbers.ts';
import type { CheckName, Finding } from './checks.ts';
import { notApplicable, unknown, verdict } from './findings.ts';
import type { KeySignals } from './key-signals.ts';
import { anyUnknown, isRetired } from './traffic-checks.ts';

type UsageCheck =
  | 'revoked_used'
  | 'revoked_sent'
  | 'new_ip'
  | 'new_surface'
  | 'quota_minute'
  | 'quota_day'
  | 'spike'
  | 'dip';

/** Rules about who uses the key, for what, and how much. */
export function usageChecks(signals: KeySignals): Record<UsageCheck & CheckName, Finding> {
  return {
    revoked_used: revokedUsed(signals),
    revoked_sent: revokedSent(signals),
    new_ip: newIp(signals),
    new_surface: newSurface(signals),
    quota_minute: quotaMinute(signals),
    quota_day: quotaDay(signals),
    spike: anomaly(signals, 'spike'),
    dip: anomaly(signals, 'dip'),
  };
}

/** For clocks that differ, and until the exporter has read the keys file: use so soon after is no incident. Seconds. */
const RETIREMENT_GRACE = 60;

/** A key that may not work got an answer other than 401, which is all that moves last-used. */
function revokedUsed({ registered, retiredAt, lastUsed, now, thresholds }: KeySignals): Finding {
  if (registered === undefined) return unknown('Whether the key is revoked or disabled is not known.');
  if (registered === null || registered.state === 'active')
    return notApplicable('The key is not revoked or disabled.');
  if (anyUnknown(lastUsed)) return unknown('When the key was last used is not known.');
  if (lastUsed <= 0)
    return verdict(false, Number.NaN, `The key is ${registered.state} and no use of it is recorded.`);
  const age = Math.max(0, now - lastUsed);
  if (lastUsed <= retiredAt + RETIREMENT_GRACE)
    return verdict(
      false,
      age,
      `The key has been ${registered.state} for ${span(now - retiredAt)} and was not answered since, but with 401.`,
    );
  const limit = thresholds.revoked_used_seconds.value;
  return verdict(
    age <= limit,
    age,
    `The key is ${registered.state} in the keys file and was last answered (not with 401) ${span(age)} ago; ` +
      `within ${span(limit)} that is an incident.`,
  );
}

/** The revocation works, but somebody still sends the key. */
function revokedSent({ registered, retiredAt, lastRejected, now, thresholds }: KeySignals): Finding {
  if (registered === undefined) return unknown('Whether the key is revoked or disabled is not known.');
  if (registered === null || registered.state === 'active')
    return notApplicable('The key is not revoked or disabled.');
  if (anyUnknown(lastRejected)) return unknown('When the key was last rejected is not known.');
  if (lastRejected <= 0)
    return verdict(false, Number.NaN, `The key is ${registered.state} and no rejection of it is recorded.`);
  const age = Math.max(0, now - lastRejected);
  const rejected = `The key is ${registered.state} in the keys file and was last rejected (401) ${span(age)} ago`;
  if (lastRejected <= retiredAt + RETIREMENT_GRACE)
    return verdict(false, age, `${rejected}, before that took hold.`);
  const limit = thresholds.revoked_used_seconds.value;
  return verdict(age <= limit, age, `${rejected}; within ${span(limit)} somebody still sends it.`);
}

function newIp({ lastNewIp, now, uniqueIpsDay, thresholds }: KeySignals): Finding {
  if (anyUnknown(lastNewIp)) return unknown('Whether there were new addresses is not known.');
  if (lastNewIp <= 0) return verdict(false, Number.NaN, 'No new address since the learning period.');
  const age = Math.max(0, now - lastNewIp);
  const limit = thresholds.new_ip_seconds.value;
  const day = Number.isFinite(uniqueIpsDay) ? `; ${count(uniqueIpsDay)} different ones in the last 24 h` : '';
  return verdict(
    age < limit,
    age,
    `An address never seen on this key was noticed ${span(age)} ago${day}; notable for ${span(limit)}.`,
  );
}

function newSurface({ newSurface: found, now, thresholds }: KeySignals): Finding {
  if (found === null) return verdict(false, Number.NaN, 'No new surface since the learning period.');
  if (anyUnknown(found.noticed)) return unknown('When the new surface was noticed is not known.');
  const age = Math.max(0, now - found.noticed);
  const limit = thresholds.new_surface_seconds.value;
  return verdict(
    age < limit,
    age,
    `The first request to ${found.surface} was noticed ${span(age)} ago; notable for ${span(limit)}.`,
  );
}

function quotaMinute({ registered, peakPerMinute, thresholds }: KeySignals): Finding {
  const limits = registered?.limits;
  if (!limits || limits.perMinute === null) return notApplicable('No limit per minute is known for the key.');
  const allowed = limits.perMinute + (limits.burst ?? 0);
  if (anyUnknown(allowed, peakPerMinute)) return unknown('The peak or the limit per minute is not known.');
  const ratio = allowed > 0 ? peakPerMinute / allowed : 0;
  const limit = thresholds.quota_ratio.value;
  return verdict(
    ratio >= limit,
    ratio,
    `The peak of the last 5 min was ${counted(peakPerMinute, 'request')} in a minute, ${percent(ratio)} of ` +
      `${count(allowed)} (limit and burst); ${percent(limit)} is nearly used up.`,
  );
}

/** Nearly used up, or on the way to be before 00:00 UTC at the pace of the last hour. */
function quotaDay({ registered, requestsToday, hour, now, thresholds }: KeySignals): Finding {
  const allowed = registered?.limits.perDay ?? null;
  if (allowed === null) return notApplicable('No limit per day is known for the key.');
  if (anyUnknown(allowed, requestsToday))
    return unknown("Today's requests or the limit per day are not known.");
  const ratio = allowed > 0 ? requestsToday / allowed : 0;
  const limit = thresholds.quota_ratio.value;
  const used = `${count(requestsToday)} of ${count(allowed)} requests of today (UTC) are used, ${percent(ratio)}`;
  const untilMidnight = 86_400 - (now % 86_400);
  const forecast = requestsToday + ((hour.requests - hour.unauthorized) / 3600) * untilMidnight;
  const full = ratio >= thresholds.quota_forecast_ratio.value && allowed > 0 && forecast >= allowed;
  if (ratio >= limit) return verdict(true, ratio, `${used}; ${percent(limit)} is nearly used up.`);
  if (full)
    return verdict(
      true,
      ratio,
      `${used}; at the pace of the last hour the limit is reached before 00:00 UTC.`,
    );
  return verdict(false, ratio, `${used}; ${percent(limit)} is nearly used up.`);
}

/**
 * Against past weeks and against the recent level; where both are known, both must say so. Without a past week
 * nothing is judged: a first week has no rhythm yet. For a spike the floor stands in where less is usual, so that
 * a key of low traffic does not flap and yet a leak of it shows; a dip below the floor is none.
 */
function anomaly(signals: KeySignals, side: 'spike' | 'dip'): Finding {
  const { registered, pipelineAlive, successor, now, volume, usualOfWeeks, recentBaseline } = signals;
  if (isRetired(registered)) return notApplicable('Judged for active keys only.');
  if (!pipelineAlive)
    return unknown('The request log has stopped or is not read to its end, so volume means nothing.');
  if (side === 'dip' && successor !== null && successor.lastUsed > 0 && now - successor.lastUsed < 86_400)
    return notApplicable(`Its traffic is moving to ${successor.id}, so a dip is expected.`);
  if (anyUnknown(volume, usualOfWeeks)) return unknown('There is no earlier volume to compare with.');
  const known = [usualOfWeeks, recentBaseline].filter(Number.isFinite);
  const floor = signals.thresholds.anomaly_min_requests.value;
  const limit = signals.thresholds[side === 'spike' ? 'spike_ratio' : 'dip_ratio'].value;
  const usual = side === 'spike' ? Math.max(...known, floor) : Math.min(...known);
  // 0 / 0: nothing where nothing is usual, which is neither.
  const ratio = volume / usual;
  const measured = Number.isFinite(ratio)
    ? `The volume is ${Number(ratio.toFixed(2))} times the usual ${count(usual)} requests per hour`
    : `The last hour had ${counted(volume, 'request')} where none are usual`;
  if (side === 'dip' && usualOfWeeks < floor)
    return verdict(false, ratio, `${measured}; judged from ${count(floor)} on.`);
  const least = usual === floor && side === 'spike' ? ' (the least that is taken for usual)' : '';
  return verdict(
    side === 'spike' ? ratio >= limit : ratio <= limit,
    ratio,
    `${measured}${least}; ${limit} times or ${side === 'spike' ? 'more' : 'less'} is a ${side}.`,
  );
}
