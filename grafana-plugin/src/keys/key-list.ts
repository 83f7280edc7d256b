import { type KeySignals, responsesOf, type WindowCounts } from '../../../exporter/src/health/key-signals.ts';
import { KEY_SERIES } from '../../../exporter/src/health/series.ts';
import { type KeyHealth, stateOf } from '../../../exporter/src/health/state.ts';
import type { Answers } from '../frames/answers.ts';
import type { Rows } from '../frames/rows.ts';
import type { RoleName } from '../roles/roles.ts';
import { type KeyIndex, type KeyReadings, readingsOf } from './readings.ts';
import { factsOf, hasRequests, type Partners, signalsOf } from './signals.ts';

/** A key with its state and the figures of its row. Times in seconds since the epoch; NaN = unknown. */
export interface ListedKey {
  /** Unique among the keys of a list. */
  handle: string;
  id: string;
  tenant: string;
  /** What people call it: its name, else its id. */
  title: string;
  /** '' where the keys file does not have the key. */
  environment: string;
  tier: string;
  owner: string;
  signals: KeySignals;
  health: KeyHealth;
  /** 0 = never. */
  lastUsed: number;
  /** Requests of the last hour. */
  requests: number;
  hour: WindowCounts;
  /** Volume of the last hour against the same hour a week ago: 0.2 = a fifth more. */
  change: number;
  anomaly: 'spike' | 'dip' | undefined;
  /** Shares of the requests of the last 30 minutes that got a response. */
  throttledShare: number;
  serverErrorShare: number;
  /** 403 answers in the last 30 minutes. */
  forbidden: number;
  /** Different addresses in 24 hours. */
  uniqueIps: number;
  /** A new address was noticed in the last 24 hours. */
  hasNewIp: boolean;
  trend: { times: number[]; values: number[] } | undefined;
  /** Seconds since its series ended; 0 = it is current. */
  staleFor: number;
  readings: KeyReadings;
  successor: KeyReadings | undefined;
  predecessor: KeyReadings | undefined;
}

/** All keys of a panel. */
export interface KeyList {
  keys: ListedKey[];
  /** How many of them an exporter that is blind is to tell of: their missing traffic means nothing. */
  blind: number;
  answered: ReadonlySet<RoleName>;
  now: number;
}

const DAY = 86_400;

/** Turns what the queries answered into keys with states. Pure; the order is that of the answers. */
export function keyListOf(answers: Answers): KeyList {
  const index = readingsOf(answers);
  const told = answers.endsInFuture ? [] : [...answers.asked];
  const answered = new Set(told.filter((role) => !answers.failed.has(role)));
  // Whoever is used has facts: without a single one, the query did not reach them, and nobody is "never used".
  const known = index.all();
  if (known.some(hasRequests) && known.every(({ facts }) => facts.size === 0)) answered.delete('facts');
  const now = answers.until / 1000;
  const isBlind = blindness(answers, answered);
  const isChosen = choice(answers, answered);
  const successors = successorsOf(index);
  const keys = known
    .filter((key) => !key.partnerOnly && isChosen(key))
    .map((key) => {
      const successor = successors.get(key);
      const replaces = key.info?.replaces ?? '';
      const predecessor = replaces === '' ? undefined : index.find(key.tenant, replaces);
      const circumstances = { now, pipelineAlive: !isBlind(key), answered };
      const partners = { successor, predecessor };
      return listedKey(key, partners, signalsOf(key, circumstances, partners), answered);
    });
  const blind = keys.filter(({ signals }) => !signals.pipelineAlive).length;
  return { keys, blind, answered, now };
}

/**
 * The query counts blind exporters, by key or, where a row has no key, of all of them. Answered with nothing:
 * there is no exporter at all.
 */
function blindness(answers: Answers, answered: ReadonlySet<RoleName>): (key: KeyReadings) => boolean {
  if (!answered.has('pipeline')) return () => false;
  const rows = answers.rows('pipeline').flatMap((some) =>
    Array.from({ length: some.length }, (_, row) => ({
      name: nameIn(some, row),
      isOfKey: some.label('key_id', row) !== '',
      isBlind: some.value(row) !== 0,
    })),
  );
  const blind = rows.filter(({ isBlind }) => isBlind);
  if (rows.length === 0 || blind.some(({ isOfKey }) => !isOfKey)) return () => true;
  return isAmong(blind.map(({ name }) => name));
}

/**
 * One query says which keys to show, so that the others need not be kept to them one by one. They are read about
 * every key, and a key's state is the same whether or not the other key of its rotation is shown.
 */
function choice(answers: Answers, answered: ReadonlySet<RoleName>): (key: KeyReadings) => boolean {
  if (!answered.has('keys')) return () => true;
  return isAmong(
    answers
      .rows('keys')
      .flatMap((some) => Array.from({ length: some.length }, (_, row) => nameIn(some, row))),
  );
}

function isAmong(all: string[]): (key: KeyReadings) => boolean {
  const names = new Set(all);
  return ({ tenant, id }) => names.has(nameOf(tenant, id)) || names.has(id);
}

/** Names the key that a row is about; a query that does not tell tenants apart means that of any tenant. */
function nameIn(rows: Rows, row: number): string {
  const id = rows.label('key_id', row);
  return rows.has('tenant_id') ? nameOf(rows.label('tenant_id', row), id) : id;
}

const nameOf = (tenant: string, id: string): string => JSON.stringify([tenant, id]);

/** Of several keys that replace one it is the one used last, as for the alerts. */
function successorsOf(index: KeyIndex): Map<KeyReadings, KeyReadings> {
  const successors = new Map<KeyReadings, KeyReadings>();
  for (const key of index.all()) {
    const replaced = key.info?.replaces ? index.find(key.tenant, key.info.replaces) : undefined;
    if (replaced === undefined) continue;
    const other = successors.get(replaced);
    if (other === undefined || lastUsedOf(key) > lastUsedOf(other)) successors.set(replaced, key);
  }
  return successors;
}

const lastUsedOf = ({ facts }: KeyReadings): number => facts.get(KEY_SERIES.lastUsed)?.get('') ?? 0;

function listedKey(
  key: KeyReadings,
  { successor, predecessor }: Partners,
  signals: KeySignals,
  answered: ReadonlySet<RoleName>,
): ListedKey {
  const { thirtyMinutes, hour, now } = signals;
  const health = stateOf(signals);
  const breached = (name: string) =>
    health.checks.some((check) => check.name === name && check.result === 'breach');
  const lastNewIp = factsOf(key, answered)(KEY_SERIES.lastNewIp, 0);
  return {
    handle: nameOf(key.tenant, key.id),
    id: key.id,
    tenant: key.tenant,
    title: key.info?.name || key.id,
    environment: key.info?.environment ?? '',
    tier: key.info?.tier ?? '',
    owner: key.info?.owner ?? '',
    signals,
    health,
    lastUsed: signals.lastUsed,
    requests: hour.requests,
    hour,
    change: changeOf(key),
    anomaly: breached('spike') ? 'spike' : breached('dip') ? 'dip' : undefined,
    throttledShare: shareOf(thirtyMinutes.throttled, responsesOf(thirtyMinutes)),
    serverErrorShare: shareOf(thirtyMinutes.serverErrors, responsesOf(thirtyMinutes)),
    forbidden: thirtyMinutes.forbidden,
    uniqueIps: signals.uniqueIpsDay,
    hasNewIp: lastNewIp > 0 && now - lastNewIp < DAY,
    trend: key.volume,
    staleFor: staleFor(key, now),
    readings: key,
    successor,
    predecessor,
  };
}

function changeOf({ recentRate = Number.NaN, lastWeek = Number.NaN }: KeyReadings): number {
  return lastWeek > 0 ? recentRate / lastWeek - 1 : Number.NaN;
}

/** A key that only the shown past knows: its series ended before now. */
function staleFor(key: KeyReadings, now: number): number {
  const current =
    key.facts.size > 0 || key.info !== undefined || key.status30m !== undefined || key.status1h !== undefined;
  if (current || key.volume === undefined) return 0;
  const { times, values } = key.volume;
  let last = times.length - 1;
  while (last >= 0 && !Number.isFinite(values[last])) last--;
  return last < 0 ? 0 : Math.max(0, now - (times[last] as number) / 1000);
}

const shareOf = (part: number, whole: number): number => (whole > 0 ? part / whole : Number.NaN);
