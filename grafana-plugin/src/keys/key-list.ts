import { type KeySignals, responsesOf, type WindowCounts } from '../../../exporter/src/health/key-signals.ts';
import { KEY_SERIES } from '../../../exporter/src/health/series.ts';
import { type KeyHealth, stateOf } from '../../../exporter/src/health/state.ts';
import { keyName } from '../../../exporter/src/text/key-name.ts';
import type { QueryResults } from '../frames/query-results.ts';
import type { Rows } from '../frames/rows.ts';
import type { RoleName } from '../roles/roles.ts';
import { type KeyData, type KeyIndex, keyDataOf } from './key-data.ts';
import { factLookup, hasRequests, type Partners, signalsOf } from './signals.ts';

/** A key with its state and the numbers of its row. Times in seconds since the epoch; NaN = unknown. */
export interface ListedKey {
  /** Unique within the list. */
  handle: string;
  id: string;
  tenant: string;
  /** Name, or id if it has no name. */
  title: string;
  /** '' if the key is not in the keys file. */
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
  /** Change of requests from the same hour a week ago: 0.2 = 20 % more. */
  change: number;
  anomaly: 'spike' | 'dip' | undefined;
  /** Shares of the responses in the last 30 minutes. */
  throttledShare: number;
  serverErrorShare: number;
  /** 403 responses in the last 30 minutes. */
  forbidden: number;
  /** Unique IP addresses in 24 hours. */
  uniqueIps: number;
  /** A new IP address was detected in the last 24 hours. */
  hasNewIp: boolean;
  trend: { times: number[]; values: number[] } | undefined;
  /** Seconds since its series ended; 0 = current. */
  staleFor: number;
  data: KeyData;
  successor: KeyData | undefined;
  predecessor: KeyData | undefined;
}

/** All keys of a panel. */
export interface KeyList {
  keys: ListedKey[];
  /** Number of keys that a blind exporter exposes. */
  blind: number;
  answeredRoles: ReadonlySet<RoleName>;
  now: number;
}

const DAY = 86_400;

/** Turns query results into keys with states, in the order of the results. */
export function keyListOf(answers: QueryResults): KeyList {
  const index = keyDataOf(answers);
  const queried = answers.endsInFuture ? [] : [...answers.queried];
  const answeredRoles = new Set(queried.filter((role) => !answers.failed.has(role)));
  // Used keys have facts. If no key has any, the query returned nothing, and no key counts as never used.
  const known = index.all();
  if (known.some(hasRequests) && known.every(({ facts }) => facts.size === 0)) answeredRoles.delete('facts');
  const now = answers.evaluatedAt / 1000;
  const isBlind = blindKeyFilter(answers, answeredRoles);
  const isChosen = shownKeyFilter(answers, answeredRoles);
  const successors = successorsOf(index);
  const keys = known
    .filter((key) => !key.partnerOnly && isChosen(key))
    .map((key) => {
      const successor = successors.get(key);
      const replaces = key.info?.replaces ?? '';
      const predecessor = replaces === '' ? undefined : index.find(key.tenant, replaces);
      const circumstances = { now, pipelineAlive: !isBlind(key), answeredRoles };
      const partners = { successor, predecessor };
      return listedKey(key, partners, signalsOf(key, circumstances, partners), answeredRoles);
    });
  const blind = keys.filter(({ signals }) => !signals.pipelineAlive).length;
  return { keys, blind, answeredRoles, now };
}

/**
 * Returns whether a key is exposed by a blind exporter. A row without a key label counts for all keys. No rows mean that
 * no exporter is scraped, so all keys are blind.
 */
function blindKeyFilter(
  answers: QueryResults,
  answeredRoles: ReadonlySet<RoleName>,
): (key: KeyData) => boolean {
  if (!answeredRoles.has('pipeline')) return () => false;
  const rows = answers.rows('pipeline').flatMap((some) =>
    Array.from({ length: some.length }, (_, row) => ({
      name: keyNameInRow(some, row),
      isOfKey: some.label('key_id', row) !== '',
      isBlind: some.value(row) !== 0,
    })),
  );
  const blind = rows.filter(({ isBlind }) => isBlind);
  if (rows.length === 0 || blind.some(({ isOfKey }) => !isOfKey)) return () => true;
  return namedIn(blind.map(({ name }) => name));
}

/**
 * Returns whether a key is shown. One query selects the keys, and the others return all keys. The state of a key does not
 * depend on whether the other key of its rotation is shown.
 */
function shownKeyFilter(
  answers: QueryResults,
  answeredRoles: ReadonlySet<RoleName>,
): (key: KeyData) => boolean {
  if (!answeredRoles.has('keys')) return () => true;
  return namedIn(
    answers
      .rows('keys')
      .flatMap((some) => Array.from({ length: some.length }, (_, row) => keyNameInRow(some, row))),
  );
}

function namedIn(all: string[]): (key: KeyData) => boolean {
  const names = new Set(all);
  return ({ tenant, id }) => names.has(keyName(id, tenant)) || names.has(id);
}

/** Name of the key of a row. A query without tenant labels matches the id in every tenant. */
function keyNameInRow(rows: Rows, row: number): string {
  const id = rows.label('key_id', row);
  return rows.hasLabel('tenant_id') ? keyName(id, rows.label('tenant_id', row)) : id;
}

/** If several keys replace the same key, the one last used is its successor, as in the alerts. */
function successorsOf(index: KeyIndex): Map<KeyData, KeyData> {
  const successors = new Map<KeyData, KeyData>();
  for (const key of index.all()) {
    const replaced = key.info?.replaces ? index.find(key.tenant, key.info.replaces) : undefined;
    if (replaced === undefined) continue;
    const other = successors.get(replaced);
    if (other === undefined || lastUsedOf(key) > lastUsedOf(other)) successors.set(replaced, key);
  }
  return successors;
}

const lastUsedOf = ({ facts }: KeyData): number => facts.get(KEY_SERIES.lastUsed)?.get('') ?? 0;

function listedKey(
  key: KeyData,
  { successor, predecessor }: Partners,
  signals: KeySignals,
  answeredRoles: ReadonlySet<RoleName>,
): ListedKey {
  const { thirtyMinutes, hour, now } = signals;
  const health = stateOf(signals);
  const breached = (name: string) =>
    health.checks.some((check) => check.name === name && check.result === 'breach');
  const lastNewIp = factLookup(key, answeredRoles)(KEY_SERIES.lastNewIp, 0);
  return {
    handle: keyName(key.id, key.tenant),
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
    data: key,
    successor,
    predecessor,
  };
}

function changeOf({ recentRate = Number.NaN, lastWeek = Number.NaN }: KeyData): number {
  return lastWeek > 0 ? recentRate / lastWeek - 1 : Number.NaN;
}

/** Seconds since the series of a key ended that has no current data. */
function staleFor(key: KeyData, now: number): number {
  const current =
    key.facts.size > 0 || key.info !== undefined || key.status30m !== undefined || key.status1h !== undefined;
  if (current || key.volume === undefined) return 0;
  const { times, values } = key.volume;
  let last = times.length - 1;
  while (last >= 0 && !Number.isFinite(values[last])) last--;
  return last < 0 ? 0 : Math.max(0, now - (times[last] as number) / 1000);
}

const shareOf = (part: number, whole: number): number => (whole > 0 ? part / whole : Number.NaN);
