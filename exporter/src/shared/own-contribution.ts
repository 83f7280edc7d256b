import { NO_KEY, OTHER } from '../health/pseudo-keys.ts';
import type { Changes, KeyRow, KeyUsageRow, SketchRow, SurfaceRow } from '../usage/changes.ts';
import { shownIpOf } from '../usage/new-ips.ts';
import type { UsageOptions } from '../usage/options.ts';
import { readScopes } from '../usage/scope-uses.ts';
import { Sketch } from '../usage/sketch.ts';
import { progressOf } from '../usage/windows-form.ts';
import { type Contribution, noContribution, type Seen } from './contribution.ts';
import { latin1, putInto } from './mergeable-facts.ts';
import { redisName } from './redis-keys.ts';

/** What committed rows say of one key. */
export interface RowsOfKey {
  usage?: KeyUsageRow;
  surfaces: Map<string, SurfaceRow>;
  /** The store's sketch, when the key is over the exporter's own limits. */
  sketch?: SketchRow;
  /** By the address, a byte a character. */
  ips: Map<string, Seen>;
}

export const noRows = (): RowsOfKey => ({ surfaces: new Map(), ips: new Map() });

/** Rows are absolute: the later one of a thing takes the place of the earlier. */
export function addRows(
  of: (key: number) => RowsOfKey,
  { keyUsage, surfaces, sketches }: Pick<Changes, 'keyUsage' | 'surfaces' | 'sketches'>,
): void {
  for (const row of keyUsage) of(row.key).usage = row;
  for (const row of surfaces) of(row.key).surfaces.set(row.surface, row);
  for (const row of sketches) of(row.key).sketch = row;
}

/** Who publishes, and how new addresses are shown. */
export interface Origin {
  instance: string;
  newIp: UsageOptions['newIp'];
}

export const isShared = ({ id }: KeyRow): boolean => id !== NO_KEY && id !== OTHER;

/**
 * Rows of a key as this exporter's contribution. New addresses noticed after `since` (seconds) are told. `sketch` =
 * what stands for the addresses of a key with too many.
 */
export function contributionOf(
  row: KeyRow,
  rows: RowsOfKey,
  origin: Origin,
  since: number,
  sketch: Sketch | undefined,
): Contribution {
  const { instance } = origin;
  const contribution = noContribution(redisName(row.id, row.tenant));
  const { facts } = contribution;
  const put = (name: string, value: string): boolean => putInto(facts, name, value);
  if (rows.usage) putUsage(contribution, rows.usage, instance);
  const scopes = rows.usage ? readScopes(rows.usage.scopes) : [];
  for (const { scope, lastUsed } of scopes) put(`>scope:${scope}`, String(lastUsed));
  for (const { surface, first, noticed } of rows.surfaces.values()) {
    put(`<surface:${surface}`, `${first}|${instance}|${noticed}`);
    if (noticed > 0) put(`<surfaced:${surface}`, String(noticed));
  }
  for (const { ip, first, noticed, shown } of newsOf(rows, origin.newIp, since)) {
    const hex = bytesOf(ip).toString('hex');
    put(`<news:${hex}`, `${first}|${instance}`);
    put(`<noticed:${hex}`, `${noticed}|${shown}`);
  }
  const own = sketch ?? (rows.sketch && Sketch.decode(rows.sketch.registers));
  if (own && (rows.sketch || rows.ips.size > 0)) {
    for (const [ip, { last }] of rows.ips) own.addBytes(bytesOf(ip), last);
    put('>over', '1');
    contribution.sketches.set(`>${instance}`, `${own.progress()}|${latin1(own.encode())}`);
  } else if (!own) for (const [ip, { first, last }] of rows.ips) contribution.ips.set(ip, { first, last });
  return contribution;
}

function putUsage({ facts, windows }: Contribution, usage: KeyUsageRow, instance: string): void {
  if (usage.firstUsed > 0) facts.set('<first', String(usage.firstUsed));
  if (usage.lastUsed > 0) facts.set('>used', String(usage.lastUsed));
  if (usage.lastRejected > 0) facts.set('>rejected', String(usage.lastRejected));
  const { second, answers } = progressOf(usage.windows);
  if (second === 0) return;
  windows.set(`>${instance}`, `${second}|${String(answers).padStart(12, '0')}|${latin1(usage.windows)}`);
}

/**
 * The addresses behind the key's recent new ones. Rows do not say that they were new: of those that show the same the
 * one first seen last is meant. Where new addresses are not shown only the latest is known.
 */
function* newsOf(
  { usage, ips }: RowsOfKey,
  form: UsageOptions['newIp'],
  since: number,
): Generator<{ ip: string; first: number; noticed: number; shown: string }> {
  if (!usage || ips.size === 0) return;
  const recent = form === 'off' ? [{ ip: '', noticed: usage.lastNewIp }] : usage.recentNewIps;
  const wanted = new Map(
    recent.filter(({ noticed }) => noticed > since).map(({ ip, noticed }) => [ip, noticed]),
  );
  if (wanted.size === 0) return;
  const latest = new Map<string, { ip: string; first: number }>();
  for (const [ip, { first }] of ips) {
    const shown = form === 'off' ? '' : shownIpOf(bytesOf(ip), form);
    if (wanted.has(shown) && first > (latest.get(shown)?.first ?? -1)) latest.set(shown, { ip, first });
  }
  for (const [shown, { ip, first }] of latest) yield { ip, first, noticed: wanted.get(shown)!, shown };
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');
