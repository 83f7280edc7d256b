import { THRESHOLDS } from '../health/thresholds.ts';
import type { WholeKey } from '../history/key-choice.ts';
import { keyDetails, usesOf } from '../history/usage-report.ts';
import type { KeyRegistry } from '../keys/registry.ts';
import { namesOfEntry } from '../keys/requested-names.ts';
import { ArchivedRequests } from '../record/archived-requests.ts';
import { type Caller, callersOf, MOST_CALLERS, requestsOfKey } from '../record/callers.ts';
import type { DailyReader } from '../store/daily-reader.ts';
import type { DayCounts } from '../store/tables.ts';
import { count } from '../text/numbers.ts';
import { type Days, dateOf } from '../time/days.ts';
import { DAY } from '../time/units.ts';
import type { KeyRow } from '../usage/changes.ts';
import { callerName, type KeyInUse } from './blast-radius.ts';

/** Gathers who uses a key: from the archive where there is one, else from what the aggregates know. */
export async function keyInUse(
  reader: DailyReader,
  registry: KeyRegistry,
  { recordPath, storePath }: { recordPath: string; storePath: string },
  { id, tenant, entry, rows }: WholeKey<KeyRow>,
  days: Days,
): Promise<KeyInUse> {
  const numbers = rows.map(({ key }) => key);
  const tenants = rows.map((row) => row.tenant);
  const names = entry ? namesOfEntry(registry, entry, tenants) : [{ id, of: tenants }];
  const successors = entry ? registry.successorsOf(entry) : [];
  const archive = await ArchivedRequests.open(recordPath, dateOf(days.from), dateOf(days.to), storePath);
  try {
    const callers = archive ? await callersOf(archive, names) : addressesOf(reader, numbers);
    const counted = numbers.flatMap((key) => reader.days(key, days));
    const requests = {
      counted: counted.reduce((sum, day) => sum + day.requests, 0),
      archived: archive ? await requestsOfKey(archive, names) : 0,
    };
    const replacing = successors.flatMap((successor) => namesOfEntry(registry, successor, tenants));
    const moved = archive && successors.length > 0 ? await callersOf(archive, replacing) : [];
    const { endpoints } = keyDetails(reader, numbers, days);
    return {
      ...{ id, tenant, name: entry?.name ?? '', owner: entry?.owner ?? '' },
      state: entry?.state ?? 'not in the keys file',
      createdAt: entry?.createdAt ?? 0,
      recordedSince: reader.recordedSince(),
      staleAfter: entry?.thresholds.stale_seconds ?? THRESHOLDS.stale_seconds.default,
      // What found no place of its own is archived all the same.
      lastUsed: Math.max(usesOf(reader, numbers).lastUsed, ...callers.map(({ last }) => last)),
      longestGap: longestGap(counted),
      successors: successors.map(({ id }) => id),
      endpoints: endpoints.map(({ method, endpoint, requests }) => ({
        endpoint: `${method} ${endpoint}`,
        requests,
      })),
      callers,
      movedCallers: new Set(moved.map(callerName)),
      missing: missingOf(archive, callers, days, requests),
    };
  } finally {
    archive?.close();
  }
}

/** Without an archive: the addresses that are known one by one, and no more of them. */
function addressesOf(reader: DailyReader, keys: readonly number[]): Caller[] {
  const spans = new Map<string, { first: number; last: number }>();
  for (const { ip, first, last } of keys.flatMap((key) => reader.addresses(key, MOST_CALLERS))) {
    const known = spans.get(ip) ?? { first, last };
    spans.set(ip, { first: Math.min(first, known.first), last: Math.max(last, known.last) });
  }
  return [...spans]
    .map(([ip, { first, last }]) => ({
      ...{ ip, first, last, userAgent: '', requests: 0, longestGap: 0, endpoints: [], endpointCount: 0 },
    }))
    .sort((a, b) => b.last - a.last)
    .slice(0, MOST_CALLERS);
}

/** Between the last request of a day and the first of the next day there was any; days in whatever order. */
function longestGap(days: readonly DayCounts[]): number {
  let longest = 0;
  let last = 0;
  for (const day of days.filter(({ first }) => first > 0).sort((a, b) => a.first - b.first)) {
    if (last > 0) longest = Math.max(longest, day.first - last);
    last = Math.max(last, day.last);
  }
  return longest;
}

function missingOf(
  archive: ArchivedRequests | undefined,
  callers: Caller[],
  { from, to }: Days,
  { counted, archived }: { counted: number; archived: number },
): string[] {
  const missing: string[] = [];
  if (!archive)
    missing.push(
      'there is no archive of single requests: callers are addresses only, without user agent, endpoints, gaps and counts.',
    );
  else if (archive.days.size < to - from + 1)
    missing.push(
      `the archive has ${archive.days.size} of ${to - from + 1} days; who called on the others is not known.`,
    );
  if (archive && archived < counted)
    missing.push(
      `the archive holds ${count(archived)} of the ${count(counted)} requests that were counted; who sent the others is not known.`,
    );
  if (callers.length >= MOST_CALLERS) missing.push(`only the latest ${MOST_CALLERS} callers are looked at.`);
  return missing;
}

/** Days looked at, up to `now`. */
export const lookBack = (days: number, now: number): Days => {
  const to = Math.floor(now / DAY);
  return { from: to - days + 1, to };
};
