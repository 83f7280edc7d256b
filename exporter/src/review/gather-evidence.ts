import { NO_KEY, OTHER } from '../health/pseudo-keys.ts';
import { ALONE, type Coverage } from '../history/coverage.ts';
import { spanOf } from '../history/usage-report.ts';
import type { KeyEntry } from '../keys/key.ts';
import { keyLabel, tenantLabel } from '../keys/key-labels.ts';
import type { KeyRegistry } from '../keys/registry.ts';
import type { ArchivedRequests } from '../record/archived-requests.ts';
import type { DailyReader } from '../store/daily-reader.ts';
import { type Days, dateOf, dayAt } from '../time/days.ts';
import { DAY } from '../time/units.ts';
import type { KeyRow } from '../usage/changes.ts';
import { type DayFigures, durationQuantile } from '../usage/day-figures.ts';
import { QuarterFigures } from '../usage/quarter-figures.ts';
import type { Completeness, KeyEvidence, QuarterEvidence, TierEvidence } from './evidence.ts';
import { type ReplayOptions, TierDays } from './tier-days.ts';

/** Where the evidence comes from. */
export interface ReviewSource extends ReplayOptions {
  reader: DailyReader;
  registry: KeyRegistry;
  /** Those under review; absent = all of the store and of the keys file. */
  keys?: readonly KeyRow[] | undefined;
  /** Single requests of the quarter; undefined where there are none. */
  archive: ArchivedRequests | undefined;
  /** Hash of the archive's manifest; null without one. */
  manifest: string | null;
  /** Wall clock, seconds. */
  now: number;
  /** Whose requests these are; absent = all there are. */
  coverage?: Coverage;
}

/** A key as it is known beside its days. */
export interface KnownKey extends KeyRow {
  entry: KeyEntry | undefined;
  /** Its own number, and those of its fingerprints, under which it was counted before it was in the keys file. */
  numbers: number[];
  /** Ids of the keys that replace it. */
  successors: string[];
  /** Of all time, seconds; 0 = never, as far as is known beside its days. */
  firstUsed: number;
  lastUsed: number;
}

/** The keys that may be under review, by rising number. */
export function knownKeys({ reader, registry, keys }: ReviewSource): KnownKey[] {
  const all = allKeys(reader, registry);
  const counted = rowsOfFingerprints(all, registry);
  const fingerprints = new Set([...counted.values()].flat());
  const rows = (keys ?? all).filter(({ key, id }) => id !== NO_KEY && id !== OTHER && !fingerprints.has(key));
  const uses = reader.keyUses([...rows.map(({ key }) => key), ...fingerprints]);
  return rows.map(({ key, id, tenant }) => {
    const entry = registry.labelled(id, tenant);
    const successors = entry ? registry.successorsOf(entry).map((successor) => successor.id) : [];
    const numbers = [key, ...(counted.get(key) ?? [])];
    const { firstUsed, lastUsed } = spanOf(numbers.flatMap((number) => uses.get(number) ?? []));
    return { key, id, tenant, entry, numbers, successors, firstUsed, lastUsed };
  });
}

/** Numbers of what was counted under a fingerprint, by the number of the registered key that it is of. */
function rowsOfFingerprints(all: readonly KeyRow[], registry: KeyRegistry): Map<number, number[]> {
  const found = new Map<number, number[]>();
  const registered = new Map<KeyEntry, KeyRow[]>();
  const others: KeyRow[] = [];
  for (const row of all) {
    const entry = registry.labelled(row.id, row.tenant);
    if (!entry) others.push(row);
    else registered.set(entry, [...(registered.get(entry) ?? []), row]);
  }
  for (const row of others) {
    const owner = registry.ownerOf(row);
    const own = (owner && registered.get(owner)) ?? [];
    const whose = own.find(({ tenant }) => tenant === row.tenant) ?? own[0];
    if (whose) found.set(whose.key, [...(found.get(whose.key) ?? []), row.key]);
  }
  return found;
}

/**
 * Gathers what is known of every key under review: the active ones, and any that was used though it is not. `before`:
 * the quarter before, where the record reaches back to its first day.
 */
export async function gatherEvidence(
  source: ReviewSource,
  known: readonly KnownKey[],
  quarter: string,
  days: Days,
  before?: QuarterEvidence,
): Promise<QuarterEvidence> {
  const { reader, archive, manifest, now, coverage = ALONE } = source;
  const asOf = Math.min(now, (days.to + 1) * DAY);
  const until = { from: days.from, to: Math.min(days.to, dayAt(now)) };
  const recordedSince = Math.min(reader.recordedSince(), now);
  const tiers = new TierDays(until, archive);
  const keys = new Map<number, KeyEvidence>();
  const unsaid: KnownKey[] = [];
  for (const [key, figures] of quartersOf(reader, until, known)) {
    if (!isUnderReview(key.entry, figures.sum, asOf)) continue;
    const uses = usesUntil(key, until, figures.sum.last);
    if (!uses) unsaid.push(key);
    const perDay = figures.days.requests.slice(0, until.to - until.from + 1);
    const previousRequests = before ? requestsOn(perDay.length, before.keys.get(key.key)) : null;
    const tierEvidence = tiers.bounded(key, figures.days);
    keys.set(
      key.key,
      evidenceOf(key, uses ?? NEVER, figures, perDay, previousRequests, recordedSince, tierEvidence),
    );
  }
  lookUpUses(reader, until, unsaid, keys);
  for (const evidence of keys.values()) noteUsedDays(evidence, until, asOf);
  await tiers.replay(source);
  const completeness = completenessOf(reader, until, archive);
  return {
    quarter,
    from: dateOf(days.from),
    to: dateOf(days.to),
    asOf,
    keys,
    completeness,
    manifest,
    coverage,
  };
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

/** Every known key with what it did, nothing where it did nothing. */
function* quartersOf(
  reader: DailyReader,
  days: Days,
  keys: readonly KnownKey[],
): Generator<[KnownKey, QuarterFigures]> {
  const left = new Set(keys);
  const owners = new Map(keys.flatMap((key) => key.numbers.map((number) => [number, key] as const)));
  const sums = new Map<KnownKey, QuarterFigures>();
  if (owners.size > 0 && days.from <= days.to) {
    const numbers = [...owners.keys()];
    const range = { from: Math.min(...numbers), to: Math.max(...numbers) };
    for (const { key, figures } of reader.quarterFigures(days, range)) {
      const known = owners.get(key);
      if (!known) continue;
      if (known.numbers.length === 1) {
        yield [known, figures];
        left.delete(known);
      } else {
        const sum = sums.get(known) ?? new QuarterFigures();
        sum.merge(figures);
        sums.set(known, sum);
      }
    }
  }
  for (const key of left) yield [key, sums.get(key) ?? new QuarterFigures()];
}

/** Requests of a key on the first days of a quarter. */
function requestsOn(days: number, key: KeyEvidence | undefined): number {
  let requests = 0;
  for (let place = 0; key && place < days && place < key.perDay.length; place++)
    requests += key.perDay[place];
  return requests;
}

interface Uses {
  first: number;
  last: number;
}
const NEVER: Uses = { first: 0, last: 0 };

/**
 * First and last use of a key up to the end of the days. What is known of it for ever says it, or the days themselves;
 * undefined = it was used since then, and not on these days: its earlier ones are to be looked up.
 */
function usesUntil({ firstUsed, lastUsed }: KnownKey, { to }: Days, lastOfDays: number): Uses | undefined {
  const end = (to + 1) * DAY;
  if (firstUsed > 0 && lastUsed < end) return { first: firstUsed, last: lastUsed };
  if (firstUsed > 0 && lastOfDays > 0) return { first: firstUsed, last: lastOfDays };
  return firstUsed >= end ? NEVER : undefined;
}

function lookUpUses(
  reader: DailyReader,
  { to }: Days,
  unsaid: readonly KnownKey[],
  keys: ReadonlyMap<number, KeyEvidence>,
): void {
  const withDays = unsaid.length > 0 ? reader.keysWithDays() : new Set();
  const from = reader.span()?.from ?? to + 1;
  const numbers = unsaid.flatMap((key) => key.numbers).filter((number) => withDays.has(number));
  const sums = reader.sumsByKey({ from, to }, numbers);
  for (const key of unsaid) {
    const found = key.numbers.flatMap((number) => sums.get(number) ?? []);
    if (found.length === 0) continue;
    const uses = spanOf(found.map(({ first, last }) => ({ firstUsed: first, lastUsed: last })));
    Object.assign(keys.get(key.key) as KeyEvidence, uses);
  }
}

/** A key with responses other than 401 was used, also where the time of none of them is stored: their days say when. */
function noteUsedDays(evidence: KeyEvidence, { from }: Days, asOf: number): void {
  const { lastUsed, perDay, requests, unauthorized } = evidence;
  if (lastUsed > 0 || requests <= unauthorized) return;
  const first = perDay.findIndex((count) => count > 0);
  const last = perDay.findLastIndex((count) => count > 0);
  if (first < 0) return;
  evidence.firstUsed = evidence.firstUsed || (from + first) * DAY;
  evidence.lastUsed = Math.min(asOf, (from + last + 1) * DAY - 1);
}

/** A key that is off, or was created only later, is under review only when it was answered all the same. */
function isUnderReview(entry: KeyEntry | undefined, sum: DayFigures, asOf: number): boolean {
  if (entry?.state === 'active' && (entry.createdAt ?? 0) <= asOf) return true;
  return sum.countOf((status) => status !== 401) > 0;
}

/** One object as it is: put together of others it takes ten times as long to make. */
function evidenceOf(
  { id, tenant, entry, successors }: KnownKey,
  { first, last }: Uses,
  { sum, days }: QuarterFigures,
  perDay: number[],
  previousRequests: number | null,
  recordedSince: number,
  tiers: TierEvidence[],
): KeyEvidence {
  const scopes = [...sum.scopes].map(([scope, { used, refused }]) => ({ scope, used, refused }));
  let [requests, errors, serverErrors, scoped] = [0, 0, 0, 0];
  for (const [status, count] of sum.statuses) {
    requests += count;
    if (status >= 400) errors += count;
    if (status >= 500) serverErrors += count;
    if (status !== 401 && status !== 404) scoped += count;
  }
  const p95 = durationQuantile(sum.durations, 0.95);
  return {
    id,
    tenant,
    entry,
    recordedSince,
    firstUsed: first,
    lastUsed: last,
    requests,
    unauthorized: sum.statuses.get(401) ?? 0,
    previousRequests,
    perDay,
    daysUsed: daysOf(perDay),
    errors,
    serverErrors,
    throttled: sum.statuses.get(429) ?? 0,
    throttledDays: daysOf(days.throttled),
    peakPerMinute: sum.peakPerMinute,
    busiestDay: Math.max(0, ...perDay),
    uniqueIps: { count: sum.ips.count(), approximate: sum.ips.approximate },
    p95: Number.isNaN(p95) ? null : p95,
    scopes: scopes.sort((a, b) => (a.scope < b.scope ? -1 : 1)),
    scopeUnknown: scopes.reduce((unknown, { used, refused }) => unknown - used - refused, scoped),
    tiers,
    successors,
  };
}

/** Days on which there is any. */
const daysOf = (counts: number[]): number => counts.filter(Boolean).length;

function completenessOf(
  reader: DailyReader,
  until: Days,
  archive: ArchivedRequests | undefined,
): Completeness {
  const days = until.to - until.from + 1;
  const daysWithData = reader.daysWithData(until);
  const { lines, rejected, bytesLost } = reader.lineCounts();
  const rejectedShare = lines > 0 ? rejected / lines : 0;
  const percent = Math.floor(1000 * (daysWithData / days) * (1 - rejectedShare)) / 10;
  return { days, daysWithData, rejectedShare, bytesLost, daysArchived: archive?.days.size ?? 0, percent };
}
