import { type Days, dateOf } from '../config/days.ts';
import { detailsOf } from '../history/figures.ts';
import { mergedFigures } from '../history/usage-report.ts';
import type { KeyEntry } from '../keys/key.ts';
import { keyLabel, tenantLabel } from '../keys/labels.ts';
import type { KeyRegistry } from '../keys/registry.ts';
import { count } from '../keys/wording.ts';
import { ArchivedRequests } from '../record/archived-requests.ts';
import { type Caller, callersOf, MOST_CALLERS, requestsOfKey } from '../record/callers.ts';
import type { DailyReader } from '../store/daily-reader.ts';
import type { KeyRow } from '../usage/changes.ts';
import { callerName, type KeyInUse } from './blast-radius.ts';

const DAY = 86_400;

/** Gathers who uses a key: from the archive where there is one, else from what the aggregates know. */
export async function keyInUse(
  reader: DailyReader,
  registry: KeyRegistry,
  { recordPath, storePath }: { recordPath: string; storePath: string },
  row: KeyRow,
  days: Days,
): Promise<KeyInUse> {
  const entry = registry.labelled(row.id, row.tenant);
  const successors = entry ? registry.successorsOf(entry) : [];
  const archive = await ArchivedRequests.open(recordPath, dateOf(days.from), dateOf(days.to), storePath);
  try {
    const callers = archive ? await callersOf(archive, row.id, row.tenant) : addressesOf(reader, row);
    const requests = {
      counted: reader.days(row.key, days).reduce((sum, day) => sum + day.requests, 0),
      archived: archive ? await requestsOfKey(archive, row.id, row.tenant) : 0,
    };
    const moved = archive ? await callersOfAll(archive, successors, row.tenant) : [];
    const { endpoints } = detailsOf(mergedFigures(reader, [row.key], days), reader.endpoints());
    return {
      ...{ id: row.id, tenant: row.tenant, name: entry?.name ?? '', owner: entry?.owner ?? '' },
      state: entry?.state ?? 'not in the keys file',
      lastUsed: reader.keyUses([row.key]).get(row.key)?.lastUsed ?? 0,
      longestGap: longestGap(reader, row, days),
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

async function callersOfAll(
  archive: ArchivedRequests,
  entries: KeyEntry[],
  tenant: string,
): Promise<Caller[]> {
  const found: Caller[] = [];
  for (const { id, tenantId } of entries)
    found.push(...(await callersOf(archive, keyLabel(id), tenantId === '' ? tenant : tenantLabel(tenantId))));
  return found;
}

/** Without an archive: the addresses that are known one by one, and no more of them. */
const addressesOf = (reader: DailyReader, { key }: KeyRow): Caller[] =>
  reader.addresses(key, MOST_CALLERS).map(({ ip, first, last }) => ({
    ...{ ip, first, last, userAgent: '', requests: 0, longestGap: 0, endpoints: [], endpointCount: 0 },
  }));

/** Between the last request of a day and the first of the next day there was any. */
function longestGap(reader: DailyReader, { key }: KeyRow, days: Days): number {
  let longest = 0;
  let last = 0;
  for (const day of reader.days(key, days)) {
    if (day.first === 0) continue;
    if (last > 0) longest = Math.max(longest, day.first - last);
    last = day.last;
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
