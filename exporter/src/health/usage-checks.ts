import { count, counted, percent, span } from '../text/numbers.ts';
import { judged, notApplicable, unknown } from './check-outcomes.ts';
import type { CheckName, CheckOutcome } from './checks.ts';
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

/** Checks on who uses the key, for what, and how much. */
export function usageChecks(signals: KeySignals): Record<UsageCheck & CheckName, CheckOutcome> {
  return {
    revoked_used: revokedUsed(signals),
    revoked_sent: revokedSent(signals),
    new_ip: newIp(signals),
    new_surface: newSurface(signals),
    quota_minute: quotaMinute(signals),
    quota_day: quotaDay(signals),
    spike: volumeAnomaly(signals, 'spike'),
    dip: volumeAnomaly(signals, 'dip'),
  };
}

/** Use within this time after revocation is no incident: clocks differ, and the keys file is read with delay. Seconds. */
const RETIREMENT_GRACE = 60;

/** A revoked or disabled key got a response other than 401. A 401 does not update the time of last use. */
function revokedUsed({ registered, retiredAt, lastUsed, now, thresholds }: KeySignals): CheckOutcome {
  if (registered === undefined) return unknown('It is unknown whether the key is revoked or disabled.');
  if (registered === null || registered.state === 'active')
    return notApplicable('The key is not revoked or disabled.');
  if (anyUnknown(lastUsed)) return unknown('The time of last use is unknown.');
  if (lastUsed <= 0)
    return judged(false, Number.NaN, `The key is ${registered.state} and has no recorded use.`);
  const age = Math.max(0, now - lastUsed);
  if (lastUsed <= retiredAt + RETIREMENT_GRACE)
    return judged(
      false,
      age,
      `The key has been ${registered.state} for ${span(now - retiredAt)} and was not used since (401 does not count).`,
    );
  const limit = thresholds.revoked_used_seconds.value;
  return judged(
    age <= limit,
    age,
    `The key is ${registered.state} in the keys file and was last used ${span(age)} ago (401 does not count); ` +
      `an incident for ${span(limit)} after each use.`,
  );
}

/** The revocation works, but a consumer still sends the key. */
function revokedSent({ registered, retiredAt, lastRejected, now, thresholds }: KeySignals): CheckOutcome {
  if (registered === undefined) return unknown('It is unknown whether the key is revoked or disabled.');
  if (registered === null || registered.state === 'active')
    return notApplicable('The key is not revoked or disabled.');
  if (anyUnknown(lastRejected)) return unknown('The time of the last rejection is unknown.');
  if (lastRejected <= 0)
    return judged(false, Number.NaN, `The key is ${registered.state} and has no recorded rejection.`);
  const age = Math.max(0, now - lastRejected);
  const rejected = `The key is ${registered.state} in the keys file and was last rejected (401) ${span(age)} ago`;
  if (lastRejected <= retiredAt + RETIREMENT_GRACE)
    return judged(false, age, `${rejected}, before it was ${registered.state}.`);
  const limit = thresholds.revoked_used_seconds.value;
  return judged(
    age <= limit,
    age,
    `${rejected}; it counts as still sent for ${span(limit)} after each rejection.`,
  );
}

function newIp({ lastNewIp, now, uniqueIpsDay, thresholds }: KeySignals): CheckOutcome {
  if (anyUnknown(lastNewIp)) return unknown('It is unknown whether there were new IP addresses.');
  if (lastNewIp <= 0) return judged(false, Number.NaN, 'No new IP address since the learning period.');
  const age = Math.max(0, now - lastNewIp);
  const limit = thresholds.new_ip_seconds.value;
  const day = Number.isFinite(uniqueIpsDay) ? ` (${count(uniqueIpsDay)} unique in the last 24 h)` : '';
  return judged(
    age < limit,
    age,
    `A new IP address was detected ${span(age)} ago${day}; notable for ${span(limit)}.`,
  );
}

function newSurface({ newSurface: found, now, thresholds }: KeySignals): CheckOutcome {
  if (found === null) return judged(false, Number.NaN, 'No new surface since the learning period.');
  if (anyUnknown(found.noticed)) return unknown('The time when the new surface was detected is unknown.');
  const age = Math.max(0, now - found.noticed);
  const limit = thresholds.new_surface_seconds.value;
  return judged(
    age < limit,
    age,
    `The first request to ${found.surface} was detected ${span(age)} ago; notable for ${span(limit)}.`,
  );
}

function quotaMinute({ registered, peakPerMinute, thresholds }: KeySignals): CheckOutcome {
  const limits = registered?.limits;
  if (!limits || limits.perMinute === null) return notApplicable('No limit per minute is known for the key.');
  const allowed = limits.perMinute + (limits.burst ?? 0);
  if (anyUnknown(allowed, peakPerMinute)) return unknown('The peak or the limit per minute is unknown.');
  const ratio = allowed > 0 ? peakPerMinute / allowed : 0;
  const limit = thresholds.quota_ratio.value;
  return judged(
    ratio >= limit,
    ratio,
    `Peak minute (last 5 min): ${counted(peakPerMinute, 'request')}, ${percent(ratio)} of ` +
      `${count(allowed)} (limit plus burst); threshold: ${percent(limit)}.`,
  );
}

/** Breached at the threshold, or if the limit is reached before 00:00 UTC at the rate of the last hour. */
function quotaDay({ registered, requestsToday, hour, now, thresholds }: KeySignals): CheckOutcome {
  const allowed = registered?.limits.perDay ?? null;
  if (allowed === null) return notApplicable('No limit per day is known for the key.');
  if (anyUnknown(allowed, requestsToday))
    return unknown("Today's requests or the limit per day are unknown.");
  const ratio = allowed > 0 ? requestsToday / allowed : 0;
  const limit = thresholds.quota_ratio.value;
  const used = `Today (UTC): ${counted(requestsToday, 'request')}, ${percent(ratio)} of the limit of ${count(allowed)}`;
  const untilMidnight = 86_400 - (now % 86_400);
  const forecast = requestsToday + ((hour.requests - hour.unauthorized) / 3600) * untilMidnight;
  const full = ratio >= thresholds.quota_forecast_ratio.value && allowed > 0 && forecast >= allowed;
  if (ratio >= limit) return judged(true, ratio, `${used}; threshold: ${percent(limit)}.`);
  if (full)
    return judged(
      true,
      ratio,
      `${used}; at the rate of the last hour, the limit is reached before 00:00 UTC.`,
    );
  return judged(false, ratio, `${used}; threshold: ${percent(limit)}.`);
}

/**
 * Compares the last hour with past weeks and with the recent baseline. If both are known, both must breach. Without a
 * past week nothing is judged. For a spike, the floor replaces a smaller baseline: a key with little traffic does not
 * flap, and a leaked one still shows. A dip is not judged if past weeks are below the floor.
 */
function volumeAnomaly(signals: KeySignals, side: 'spike' | 'dip'): CheckOutcome {
  const { registered, pipelineAlive, successor, now, volume, weeklyBaseline, recentBaseline } = signals;
  if (isRetired(registered)) return notApplicable('Only active keys are checked.');
  if (!pipelineAlive)
    return unknown('The request log has stopped or is not read to its end, so request rates mean nothing.');
  if (side === 'dip' && successor !== null && successor.lastUsed > 0 && now - successor.lastUsed < 86_400)
    return notApplicable(`Traffic is moving to ${successor.id}, so a dip is expected.`);
  if (anyUnknown(volume, weeklyBaseline)) return unknown('There is no earlier traffic to compare with.');
  const known = [weeklyBaseline, recentBaseline].filter(Number.isFinite);
  const floor = signals.thresholds.anomaly_min_requests.value;
  const limit = signals.thresholds[side === 'spike' ? 'spike_ratio' : 'dip_ratio'].value;
  const usual = side === 'spike' ? Math.max(...known, floor) : Math.min(...known);
  // 0 / 0 is neither a spike nor a dip.
  const ratio = volume / usual;
  const measured = Number.isFinite(ratio)
    ? `The last hour had ${Number(ratio.toFixed(2))} times the expected ${counted(usual, 'request')}`
    : `The last hour had ${counted(volume, 'request')}; none were expected`;
  if (side === 'dip' && weeklyBaseline < floor)
    return judged(false, ratio, `${measured}; not judged below ${count(floor)} expected requests per hour.`);
  const least = usual === floor && side === 'spike' ? ' (the minimum used as expected)' : '';
  return judged(
    side === 'spike' ? ratio >= limit : ratio <= limit,
    ratio,
    `${measured}${least}; a ${side} is ${limit} times or ${side === 'spike' ? 'more' : 'less'}.`,
  );
}
