import { type Days, dateOf, dayAt } from '../config/days.ts';
import { type KeyEntry, NO_KEY, OTHER } from '../keys/key.ts';
import type { KeyRegistry } from '../keys/registry.ts';
import { TIERS } from '../keys/tiers.ts';
import type { ArchivedRequests } from '../record/archived-requests.ts';
import type { DailyReader } from '../store/daily-reader.ts';
import type { DayRow, KeyRow } from '../usage/changes.ts';
import { DayFigures, durationQuantile } from '../usage/day-figures.ts';
import type { Completeness, KeyEvidence, QuarterEvidence, TierEvidence } from './evidence.ts';
import { bound, NAMED_TIERS, TierReplay } from './tier-replay.ts';

const DAY = 86_400;

/** Where the evidence comes from. */
export interface ReviewSource {
  reader: DailyReader;
  registry: KeyRegistry;
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
  const span = reader.span();
  const rows = reader.keys().filter(({ id }) => id !== NO_KEY && id !== OTHER);
  const earlier = { from: until.from - 92, to: until.from - 1 };
  const same = { from: earlier.to + 1 - quarterLength(earlier), to: earlier.to };
  const cut = { from: same.from, to: Math.min(same.to, same.from + until.to - until.from) };
  const numbers = rows.map(({ key }) => key);
  const before = reader.sumsByKey(cut, numbers);
  const ever = reader.sumsByKey({ from: span?.from ?? 0, to: until.to }, numbers);
  const keys: KeyEvidence[] = [];
  for (const [i, row] of rows.entries()) {
    const entry = registry.labelled(row.id, row.tenant);
    const figures = reader.figures(row.key, until);
    if (isUnderReview(entry, figures, asOf)) {
      const known = { first: ever.get(row.key)?.first ?? 0, last: ever.get(row.key)?.last ?? 0 };
      const previous = span && span.from <= cut.from ? (before.get(row.key)?.requests ?? 0) : null;
      const evidence = evidenceOf(row, entry, figures, until, known, previous);
      const inTime = Date.now() < (source.replayUntil ?? Number.POSITIVE_INFINITY);
      evidence.tiers = await tiersOf(row, figures, inTime ? archive : undefined);
      evidence.successors = entry ? registry.successorsOf(entry).map(({ id }) => id) : [];
      keys.push(evidence);
    }
    onProgress?.(i + 1, rows.length);
  }
  const completeness = completenessOf(reader, until, archive);
  return { quarter, from: dateOf(days.from), to: dateOf(days.to), asOf, keys, completeness, manifest };
}

/** Days of the quarter that ends with `to`. */
function quarterLength({ to }: Days): number {
  const end = new Date(to * DAY * 1000);
  return to + 1 - Date.UTC(end.getUTCFullYear(), end.getUTCMonth() - 2, 1) / (DAY * 1000);
}

/** A key that is off, or was created only later, is under review only when it was answered all the same. */
function isUnderReview(entry: KeyEntry | undefined, figures: DayRow[], asOf: number): boolean {
  if (entry?.state === 'active' && (entry.createdAt ?? 0) <= asOf) return true;
  return figures.some((day) => day.figures.countOf((status) => status !== 401) > 0);
}

function evidenceOf(
  { id, tenant }: KeyRow,
  entry: KeyEntry | undefined,
  rows: DayRow[],
  { from, to }: Days,
  { first, last }: { first: number; last: number },
  previousRequests: number | null,
): KeyEvidence {
  const all = new DayFigures();
  const perDay = new Array<number>(to - from + 1).fill(0);
  for (const { day, figures } of rows) {
    all.merge(figures);
    perDay[day - from] = figures.requests;
  }
  const known = [...all.scopes.values()].reduce((sum, { used, refused }) => sum + used + refused, 0);
  const p95 = durationQuantile(all.durations, 0.95);
  return {
    ...{ id, tenant, entry, firstUsed: first, lastUsed: last, previousRequests, perDay },
    requests: all.requests,
    daysUsed: perDay.filter((requests) => requests > 0).length,
    errors: all.countOf((status) => status >= 400),
    serverErrors: all.countOf((status) => status >= 500),
    throttled: all.statuses.get(429) ?? 0,
    throttledDays: rows.filter(({ figures }) => figures.statuses.has(429)).length,
    peakPerMinute: all.peakPerMinute,
    busiestDay: Math.max(0, ...perDay),
    uniqueIps: { count: all.ips.count(), approximate: all.ips.approximate },
    p95: Number.isNaN(p95) ? null : p95,
    scopes: [...all.scopes]
      .map(([scope, of]) => ({ scope, ...of }))
      .sort((a, b) => (a.scope < b.scope ? -1 : 1)),
    scopeUnknown: all.countOf((status) => status !== 401 && status !== 404) - known,
    tiers: [],
    successors: [],
  };
}

/** Days that the aggregates settle are settled by them; the others are replayed where the archive has them. */
async function tiersOf(
  { id, tenant }: KeyRow,
  rows: DayRow[],
  archive: ArchivedRequests | undefined,
): Promise<TierEvidence[]> {
  const tiers = NAMED_TIERS.map((tier) => ({ tier, refused: 0, exact: true }));
  const bounds = new Map(
    rows.map(({ day, figures: { requests, peakPerMinute, untimed } }) => [
      day,
      NAMED_TIERS.map((tier) => bound(TIERS[tier], { requests, peakPerMinute, untimed })),
    ]),
  );
  const open = new Map(
    rows.flatMap(({ day, figures }) =>
      bounds.get(day)?.every(({ exact }) => exact) ? [] : [[day, figures.requests]],
    ),
  );
  const replays = archive ? await replayed(archive, id, tenant, open) : new Map<number, TierReplay[]>();
  for (const [day, of] of bounds)
    for (const [i, tier] of tiers.entries()) {
      const replay = replays.get(day);
      tier.refused += replay && !of[i].exact ? replay[i].refused : of[i].least;
      if (!replay && !of[i].exact) tier.exact = false;
    }
  return tiers;
}

/** The tiers' replays of those of `days` (with their requests) of which the archive has every request. */
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
