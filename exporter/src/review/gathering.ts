import { type Days, dateOf, dayAt } from '../config/days.ts';
import { type KeyEntry, NO_KEY, OTHER } from '../keys/key.ts';
import { keyLabel, tenantLabel } from '../keys/labels.ts';
import type { KeyRegistry } from '../keys/registry.ts';
import type { ArchivedRequests } from '../record/archived-requests.ts';
import type { DailyReader } from '../store/daily-reader.ts';
import type { KeyRow } from '../usage/changes.ts';
import { type DayFigures, durationQuantile } from '../usage/day-figures.ts';
import { QuarterFigures } from '../usage/quarter-figures.ts';
import type { Completeness, KeyEvidence, QuarterEvidence } from './evidence.ts';
import { type ReplayOptions, TierDays } from './tier-days.ts';

const DAY = 86_400;

/** Where the evidence comes from. */
export interface ReviewSource extends ReplayOptions {
  reader: DailyReader;
  registry: KeyRegistry;
  /** Those under review, by rising number; absent = all of the store and of the keys file. */
  keys?: readonly KeyRow[] | undefined;
  /** Single requests of the quarter; undefined where there are none. */
  archive: ArchivedRequests | undefined;
  /** Hash of the archive's manifest; null without one. */
  manifest: string | null;
  /** Wall clock, seconds. */
  now: number;
}

/** Gathers what is known of every key under review: the active ones, and any that was used though it is not. */
export async function gather(source: ReviewSource, quarter: string, days: Days): Promise<QuarterEvidence> {
  const { reader, registry, archive, manifest, now } = source;
  const asOf = Math.min(now, (days.to + 1) * DAY);
  const until = { from: days.from, to: Math.min(days.to, dayAt(now)) };
  const rows = (source.keys ?? allKeys(reader, registry)).filter(({ id }) => id !== NO_KEY && id !== OTHER);
  const quarters = quartersOf(reader, until, rows);
  const used = usesUntil(reader, until, rows, quarters);
  const recordedSince = (reader.span()?.from ?? dayAt(now)) * DAY;
  const tiers = new TierDays(until, archive);
  const keys: KeyEvidence[] = [];
  for (const row of rows) {
    const entry = registry.labelled(row.id, row.tenant);
    const ofKey = quarters.get(row.key) ?? new QuarterFigures();
    if (!isUnderReview(entry, ofKey.sum, asOf)) continue;
    keys.push({
      ...evidenceOf(row, entry, ofKey, until, used.get(row.key) ?? NEVER),
      recordedSince,
      tiers: tiers.settled(row, ofKey),
      successors: entry ? registry.successorsOf(entry).map(({ id }) => id) : [],
    });
  }
  await tiers.replay(source);
  const completeness = completenessOf(reader, until, archive);
  return { quarter, from: dateOf(days.from), to: dateOf(days.to), asOf, keys, completeness, manifest };
}

/** Keys that the keys file has got since the exporter last read it are not in the store: they have numbers below 0. */
function allKeys(reader: DailyReader, registry: KeyRegistry): KeyRow[] {
  const rows = reader.keys();
  const known = new Set(rows.map(({ id, tenant }) => registry.labelled(id, tenant)));
  const others = registry.entries().filter((entry) => !known.has(entry));
  const added = others.map(({ id, tenantId }, i) => ({
    ...{ key: i - others.length, id: keyLabel(id), tenant: tenantLabel(tenantId) },
  }));
  return [...added, ...rows];
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
): Omit<KeyEvidence, 'recordedSince' | 'tiers' | 'successors'> {
  const known = [...sum.scopes.values()].reduce((all, { used, refused }) => all + used + refused, 0);
  const p95 = durationQuantile(sum.durations, 0.95);
  const perDay = requests.slice(0, to - from + 1);
  return {
    ...{ id, tenant, entry, firstUsed: first, lastUsed: last, perDay },
    throttledDays: daysOf(throttled),
    previousRequests: null,
    requests: sum.requests,
    daysUsed: daysOf(perDay),
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
  };
}

/** Days on which there is any. */
function daysOf(counts: number[]): number {
  let days = 0;
  for (const count of counts) if (count > 0) days++;
  return days;
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
