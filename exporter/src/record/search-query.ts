import { tenantsAsked } from '../keys/key-labels.ts';
import { KeyRegistry } from '../keys/registry.ts';
import { namesAsked } from '../keys/requested-names.ts';
import type { StoredName } from '../keys/stored-names.ts';
import { type Address, parseIp } from '../parse/ip.ts';
import { inNetwork, type Network, parseCidr } from '../parse/network.ts';
import { parseDays } from '../time/days.ts';
import { COLUMNS, type Wanted } from './spool-table.ts';
import { oneOf, storedUnder } from './stored-under.ts';

/** What requests are looked for. What is undefined does not matter. */
export interface SearchQuery {
  /** What the key and the tenant asked for may mean. */
  keys: StoredName[] | undefined;
  /** Labels of the tenant asked for, where no key is. */
  tenants: string[] | undefined;
  ip: Network | undefined;
  /** Ranges of statuses, both ends included. */
  statuses: [number, number][];
  /** A template; `*` in it stands for anything. */
  endpoint: string | undefined;
  method: string | undefined;
  /** Event time, milliseconds since the epoch; `to` is not included. */
  from: number;
  to: number;
  newestFirst: boolean;
}

/** The names under which queries are asked, by users and by programs. */
export const QUERY_FIELDS = [
  'key',
  'tenant',
  'ip',
  'status',
  'endpoint',
  'method',
  'from',
  'to',
  'order',
] as const;
export type QueryText = Partial<Record<(typeof QUERY_FIELDS)[number], string>>;

const NO_ENTRIES = new KeyRegistry([]);

/** Reads a query as people write it. `now` in milliseconds. Throws an Error that says what to write instead. */
export function parseQuery(text: QueryText, now: number, registry = NO_ENTRIES): SearchQuery {
  // As a script gives it whose variable is not set: that no request has such a key is no answer.
  for (const name of QUERY_FIELDS)
    if (text[name] === '') throw new Error(`${name}: it is empty; name one, or leave it out`);
  const asked = text.from === undefined ? Number.NEGATIVE_INFINITY : momentOf('from', text.from, now, false);
  const to = text.to === undefined ? LATEST : momentOf('to', text.to, now, true);
  if (to <= asked) throw new Error('from: is not before to');
  // Nothing is older; a time that is over before then is an empty one.
  const from = Math.max(0, asked);
  if (text.order !== undefined && text.order !== 'newest' && text.order !== 'oldest')
    throw new Error('order: write newest or oldest');
  const { key, tenant = '' } = text;
  return {
    keys: key === undefined ? undefined : namesAsked(registry, { key, tenant }),
    tenants: key === undefined ? tenantsAsked(tenant) : undefined,
    ip: text.ip === undefined ? undefined : networkIn(text.ip),
    statuses: text.status === undefined ? [] : text.status.split(',').map(statusRange),
    endpoint: text.endpoint,
    method: text.method?.toUpperCase(),
    from,
    to: Math.max(from, to),
    newestFirst: text.order !== 'oldest',
  };
}

/**
 * The query as a condition on the archive's columns. Addresses of a network are only narrowed by it, for SQL has no
 * arithmetic for them: whoever asks picks them with `isWanted`.
 */
export function conditionOf(query: SearchQuery): Wanted {
  const parts: string[] = [
    'time >= epoch_ms(?::BIGINT)::TIMESTAMP_MS',
    'time < epoch_ms(?::BIGINT)::TIMESTAMP_MS',
  ];
  const values: (string | number)[] = [query.from, query.to];
  const add = (sql: string, ...more: (string | number)[]): void => {
    parts.push(sql);
    values.push(...more);
  };
  const addWanted = (wanted: Wanted): void => add(wanted.sql, ...wanted.values);
  if (query.keys) addWanted(storedUnder(query.keys));
  if (query.tenants) addWanted(oneOf('tenant_id', query.tenants));
  if (query.method !== undefined) add('method = ?', query.method);
  if (query.endpoint?.includes('*')) add("endpoint LIKE ? ESCAPE '\\'", likePattern(query.endpoint));
  else if (query.endpoint !== undefined) add('endpoint = ?', query.endpoint);
  if (query.statuses.length > 0)
    add(
      `(${query.statuses.map(() => 'status BETWEEN ?::USMALLINT AND ?::USMALLINT').join(' OR ')})`,
      ...query.statuses.flat(),
    );
  if (query.ip) {
    const { family, prefix, ip3 } = query.ip;
    const octets = family === 4 ? [24, 16, 8, 0].map((shift) => (ip3 >>> shift) & 255) : [];
    const whole = Math.floor(prefix / 8);
    if (family === 6) add("contains(ip, ':')");
    else if (whole === 4) add('ip = ?', octets.join('.'));
    else if (whole > 0) add('starts_with(ip, ?)', `${octets.slice(0, whole).join('.')}.`);
    else add("NOT contains(ip, ':')");
  }
  return { sql: parts.join(' AND '), values };
}

/** True when the condition says all about the address that the query does. */
export const isExact = ({ ip }: SearchQuery): boolean =>
  ip === undefined || (ip.family === 4 && ip.prefix % 8 === 0);

/** Whether an address, in its canonical form, lies in the query's network. */
export function isWanted({ ip }: SearchQuery, address: string | null): boolean {
  if (!ip) return true;
  const bytes = Buffer.from(address ?? '');
  const found: Address = { ipFamily: 0, ip0: 0, ip1: 0, ip2: 0, ip3: 0 };
  if (!parseIp(bytes, 0, bytes.length, found)) return false;
  return inNetwork(ip, found.ipFamily, found.ip0, found.ip1, found.ip2, found.ip3);
}

/** SQL of the one order in which requests are given: by time, and those of one moment in an order of their own. */
export function orderOf({ newestFirst }: SearchQuery): string {
  const others = COLUMNS.filter((name) => name !== 'time').join(', ');
  return `time ${newestFirst ? 'DESC' : 'ASC'}, ${others}`;
}

/** 9999-12-31, the last day that a date of four digits names. */
export const LATEST = Date.UTC(10_000, 0, 1);
const MS_A_DAY = 86_400_000;
const UNITS: Record<string, number> = { s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7, w: 6.048e8 };

function momentOf(name: string, text: string, now: number, endOfDay: boolean): number {
  const ago = /^(\d{1,6})([smhdw])$/.exec(text);
  if (ago) return now - Number(ago[1]) * UNITS[ago[2]];
  const days = parseDays(text, Math.floor(now / MS_A_DAY));
  if (days) return (endOfDay ? days.to + 1 : days.from) * MS_A_DAY;
  const [, date] = /^(.{10})[Tt]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  // Date.parse takes 30 February for 2 March.
  const at = date !== undefined && parseDays(date, 0) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new Error(
    `${name}: write UTC days such as 2026-11-23, 2026-11, 2026Q4, 2026 or today, a time with its offset such as 2026-11-23T09:30:00Z, or how long ago, such as 24h`,
  );
}

function statusRange(text: string): [number, number] {
  if (text.trim() === '0') return [0, 0];
  const range = /^([1-5])xx$/i.exec(text.trim());
  if (range) return [Number(range[1]) * 100, Number(range[1]) * 100 + 99];
  if (!/^[1-5]\d\d$/.test(text.trim()))
    throw new Error('status: write codes or classes, such as 404 or 4xx,500; 0 = no response');
  return [Number(text), Number(text)];
}

function networkIn(text: string): Network {
  const network = parseCidr(text);
  if (!network) throw new Error('ip: write an address or a network such as 203.0.113.0/24');
  return network;
}

const likePattern = (text: string): string => text.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
