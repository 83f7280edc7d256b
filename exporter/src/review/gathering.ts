import { type Days, dateOf, dayAt } from '../config/days.ts';
import { type KeyEntry, NO_KEY, OTHER } from '../keys/key.ts';
import type { KeyRegistry } from '../keys/registry.ts';
import { TIERS } from '../keys/tiers.ts';
import type { ArchivedRequests } from '../record/archived-requests.ts';
import type { DailyReader } from '../store/daily-reader.ts';
import type { KeyRow } from '../usage/changes.ts';
import { type DayFigures, durationQuantile } from '../usage/day-figures.ts';
import { QuarterFigures } from '../usage/quarter-figures.ts';
import type { Completeness, KeyEvidence, QuarterEvidence, TierEvidence } from './evidence.ts';
import { bound, NAMED_TIERS, TierReplay } from './tier-replay.ts';

const DAY = 86_400;

/** Where the evidence comes from. */
export interface ReviewSource {
  reader: DailyReader;
  registry: KeyRegistry;
  /** Those under review; absent = all of the store. */
  keys?: readonly KeyRow[] | undefined;
  /** Single requests of the quarter; undefined where there are none. */
  archive: ArchivedRequests | undefined;
  /** Hash of the archive's manifest; null without one. */
  manifest: string | null;
  /** Wall clock, seconds. */
  now: number;
  /** From then on (milliseconds since the epoch) nothing is replayed any more; absent = never. */
  replayUntil?: number | undefined;
  /** Told after each key. */
  onProgress?: (done: number, total: number) => void;
}

/** Gathers what is known of every key under review: the active ones, and any that was used though it is not. */
export async function gather(source: ReviewSource, quarter: string, days: Days): Promise<QuarterEvidence> {
  const { reader, registry, archive, manifest, now, onProgress } = source;
  const asOf = Math.min(now, (days.to + 1) * DAY);
  const until = { from: days.from, to: Math.min(days.to, dayAt(now)) };
  const rows = (source.keys ?? reader.keys()).filter(({ id }) => id !== NO_KEY && id !== OTHER);
  const quarters = quartersOf(reader, until, rows);
  const used = usesUntil(reader, until, rows, quarters);
  const recordedSince = (reader.span()?.from ?? dayAt(now)) * DAY;
  const keys: KeyEvidence[] = [];
  for (const [i, row] of rows.entries()) {
    const entry = registry.labelled(row.id, row.tenant);
    const ofKey = quarters.get(row.key) ?? new QuarterFigures();
    if (isUnderReview(entry, ofKey.sum, asOf)) {
      const evidence: KeyEvidence = {
        ...evidenceOf(row, entry, ofKey, until, used.get(row.key) ?? NEVER),
        recordedSince,
      };
      const inTime = Date.now() < (source.replayUntil ?? Number.POSITIVE_INFINITY);
      evidence.tiers = await tiersOf(row, ofKey, until, inTime ? archive : undefined);
      evidence.successors = entry ? registry.successorsOf(entry).map(({ id }) => id) : [];
      keys.push(evidence);
    }
    onProgress?.(i + 1, rows.length);
  }
  const completeness = completenessOf(reader, until, archive);
  return { quarter, from: dateOf(days.from), to: dateOf(days.to), asOf, keys, completeness, manifest };
}

/** By key number. */
function quartersOf(reader: DailyReader, days: Days, rows: readonly KeyRow[]): Map<number, QuarterFigures> {
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last || days.from > days.to) return new Map();
  return reader.quarterFigures(days, { from: first.key, to: last.key });
}

interface Uses {
  first: number;
  last: number;
}
const NEVER: Uses = { first: 0, last: 0 };

/**
 * First and last use of each key up to the end of the days, by its number. What is known of a key for ever says it, or
 * the days themselves; only a key that was used since then, and not on these days, has its earlier ones looked up.
 */
function usesUntil(
  reader: DailyReader,
  days: Days,
  rows: readonly KeyRow[],
  quarters: ReadonlyMap<number, QuarterFigures>,
): Map<number, Uses> {
  const end = (days.to + 1) * DAY;
  const numbers = rows.map(({ key }) => key);
  const known = reader.keyUsage(numbers);
  const uses = new Map<number, Uses>();
  for (const key of numbers) {
    const { firstUsed: first = 0, lastUsed: last = 0 } = known.get(key) ?? {};
    const lastOfDays = quarters.get(key)?.sum.last ?? 0;
    if (first > 0 && last < end) uses.set(key, { first, last });
    else if (first > 0 && lastOfDays > 0) uses.set(key, { first, last: lastOfDays });
    else if (first >= end) uses.set(key, NEVER);
  }
  const unsaid = numbers.filter((key) => !uses.has(key));
  const from = reader.span()?.from ?? days.to + 1;
  for (const [key, { first, last }] of reader.sumsByKey({ from, to: days.to }, unsaid))
    uses.set(key, { first, last });
  return uses;
}

/** A key that is off, or was created only later, is under review only when it was answered all the same. */
function isUnderReview(entry: KeyEntry | undefined, sum: DayFigures, asOf: number): boolean {
  if (entry?.state === 'active' && (entry.createdAt ?? 0) <= asOf) return true;
  return sum.countOf((status) => status !== 401) > 0;
}

function evidenceOf(
  { id, tenant }: KeyRow,
  entry: KeyEntry | undefined,
  { sum, requests, throttled }: QuarterFigures,
  { from, to }: Days,
  { first, last }: Uses,
): Omit<KeyEvidence, 'recordedSince'> {
  const known = [...sum.scopes.values()].reduce((all, { used, refused }) => all + used + refused, 0);
  const p95 = durationQuantile(sum.durations, 0.95);
  const perDay = requests.slice(0, to - from + 1);
  return {
    ...{ id, tenant, entry, firstUsed: first, lastUsed: last, perDay },
    throttledDays: throttled.filter((answers) => answers > 0).length,
    previousRequests: null,
    requests: sum.requests,
    daysUsed: perDay.filter((requests) => requests > 0).length,
    errors: sum.countOf((status) => status >= 400),
    serverErrors: sum.countOf((status) => status >= 500),
    throttled: sum.statuses.get(429) ?? 0,
    peakPerMinute: sum.peakPerMinute,
    busiestDay: Math.max(0, ...perDay),
    uniqueIps: { count: sum.ips.count(), approximate: sum.ips.approximate },
    p95: Number.isNaN(p95) ? null : p95,
    scopes: [...sum.scopes]
      .map(([scope, of]) => ({ scope, ...of }))
      .sort((a, b) => (a.scope < b.scope ? -1 : 1)),
    scopeUnknown: sum.countOf((status) => status !== 401 && status !== 404) - known,
    tiers: [],
    successors: [],
  };
}

/** Days that the aggregates settle are settled by them; the others are replayed where the archive has them. */
async function tiersOf(
  { id, tenant }: KeyRow,
  figures: QuarterFigures,
  { from }: Days,
  archive: ArchivedRequests | undefined,
): Promise<TierEvidence[]> {
  const tiers = NAMED_TIERS.map((tier) => ({ tier, refused: 0, exact: true }));
  /** Days that not every tier is settled on, and their requests. */
  const open = new Map<number, number>();
  const boundOn = (tier: TierEvidence['tier'], place: number) =>
    bound(TIERS[tier], {
      requests: figures.requests[place],
      peakPerMinute: figures.peakPerMinute[place],
      untimed: figures.untimed[place],
    });
  for (const [place, requests] of figures.requests.entries()) {
    if (requests === 0) continue;
    for (const evidence of tiers) {
      const { least, exact } = boundOn(evidence.tier, place);
      evidence.refused += least;
      if (!exact) open.set(from + place, requests);
    }
  }
  const replays = archive ? await replayed(archive, id, tenant, open) : new Map<number, TierReplay[]>();
  for (const day of open.keys())
    for (const [i, evidence] of tiers.entries()) {
      const { least, exact } = boundOn(evidence.tier, day - from);
      const replay = replays.get(day)?.[i];
      if (!exact && replay) evidence.refused += replay.refused - least;
      else if (!exact) evidence.exact = false;
    }
  return tiers;
}

/** The tiers' replays of those of `days`, which come with their requests, of which the archive has every request. */
async function replayed(
  archive: ArchivedRequests,
  id: string,
  tenant: string,
  days: ReadonlyMap<number, number>,
): Promise<Map<number, TierReplay[]>> {
  const there = [...days.keys()].filter((day) => archive.days.has(dateOf(day)));
  const replays = new Map(there.map((day) => [day, NAMED_TIERS.map((tier) => new TierReplay(TIERS[tier]))]));
  if (there.length === 0) return replays;
  const sql = `SELECT epoch_ms(time)::DOUBLE FROM requests
    WHERE key_id = $1 AND coalesce(tenant_id, '') = $2 AND time >= $3::TIMESTAMP
      AND time < $4::TIMESTAMP + INTERVAL 1 DAY ORDER BY time`;
  const [first, last] = [Math.min(...there), Math.max(...there)];
  const archived = new Map<number, number>();
  for await (const [ms] of archive.rows(sql, [id, tenant, dateOf(first), dateOf(last)])) {
    const day = dayAt((ms as number) / 1000);
    archived.set(day, (archived.get(day) ?? 0) + 1);
    for (const replay of replays.get(day) ?? []) replay.request(ms as number);
  }
  // A day's file may be of keys with a longer retention, and of today a part is not sealed yet.
  for (const day of there) if ((archived.get(day) ?? 0) < (days.get(day) ?? 0)) replays.delete(day);
  return replays;
}

function completenessOf(
  reader: DailyReader,
  until: Days,
  archive: ArchivedRequests | undefined,
): Completeness {
  const days = until.to - until.from + 1;
  const daysWithData = reader.daysWithData(until);
  const { lines, rejected, bytesLost } = reader.intake();
  const rejectedShare = lines > 0 ? rejected / lines : 0;
  const percent = Math.floor(1000 * (daysWithData / days) * (1 - rejectedShare)) / 10;
  return { days, daysWithData, rejectedShare, bytesLost, daysArchived: archive?.days.size ?? 0, percent };
}
