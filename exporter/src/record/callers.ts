import type { StoredName } from '../keys/stored-names.ts';
import type { ArchivedRequests } from './archived-requests.ts';
import { storedUnder } from './stored-under.ts';

/** Who called with a key: one address and user agent. Times are seconds since the epoch. */
export interface Caller {
  ip: string;
  /** '' = the log carries none. */
  userAgent: string;
  requests: number;
  first: number;
  last: number;
  /** Longest time between two of its calls, seconds; 0 for a single one. */
  longestGap: number;
  /** `GET /v1/contacts/:id`, the most called first, and how many different ones there are. */
  endpoints: string[];
  endpointCount: number;
}

/** Callers told one by one; those that called last come first. */
export const MOST_CALLERS = 200;
const ENDPOINTS_SHOWN = 3;

const CALLS = `SELECT coalesce(ip, '') AS ip, coalesce(user_agent, '') AS agent, method || ' ' || endpoint AS call,
    epoch_ms(time) AS ms
  FROM requests WHERE status <> 401`;

/** The callers of a key, by its names, in the archived days, the latest first; at most MOST_CALLERS. */
export async function callersOf(archive: ArchivedRequests, names: readonly StoredName[]): Promise<Caller[]> {
  const wanted = storedUnder(names);
  const sql = `WITH calls AS (${CALLS} AND ${wanted.sql}), spaced AS (
      SELECT *, ms - lag(ms) OVER (PARTITION BY ip, agent ORDER BY ms) AS gap FROM calls),
    callers AS (
      SELECT ip, agent, count(*) AS requests, min(ms) AS first, max(ms) AS last, coalesce(max(gap), 0) AS gap
      FROM spaced GROUP BY ip, agent ORDER BY last DESC, ip, agent LIMIT ${MOST_CALLERS}),
    called AS (SELECT ip, agent, call, count(*) AS times FROM calls GROUP BY ip, agent, call)
    SELECT ip, agent, requests::DOUBLE, first::DOUBLE, last::DOUBLE, gap::DOUBLE, count(*)::DOUBLE,
      to_json(list(call ORDER BY times DESC, call)[1:${ENDPOINTS_SHOWN}])
    FROM callers JOIN called USING (ip, agent)
    GROUP BY ip, agent, requests, first, last, gap ORDER BY last DESC, ip, agent`;
  const callers: Caller[] = [];
  for await (const row of archive.rows(sql, wanted.values)) {
    const [ip, userAgent, requests, first, last, gap, endpointCount, endpoints] = row;
    callers.push({
      ...{ ip: ip as string, userAgent: userAgent as string, requests: requests as number },
      ...{ first: (first as number) / 1000, last: (last as number) / 1000 },
      ...{ longestGap: (gap as number) / 1000, endpointCount: endpointCount as number },
      endpoints: JSON.parse(endpoints as string) as string[],
    });
  }
  return callers;
}

/** How many requests of a key, by its names, the archived days hold. */
export async function requestsOfKey(
  archive: ArchivedRequests,
  names: readonly StoredName[],
): Promise<number> {
  const { sql, values } = storedUnder(names);
  const counted = `SELECT count(*)::DOUBLE FROM requests WHERE ${sql}`;
  for await (const [requests] of archive.rows(counted, values)) return requests as number;
  return 0;
}
