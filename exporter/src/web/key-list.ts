import { worstFirst } from '../health/state.ts';
import { type KeyState, STATE_NAMES } from '../health/states.ts';
import { withoutRawKeys } from '../keys/raw-keys.ts';
import type { KeyOverview } from './key-overview.ts';

/** Columns one can sort by, and whether they begin with the largest (for states: the worst). */
export const SORTS = {
  state: true,
  name: false,
  used: true,
  requests: true,
  success: false,
  throttled: true,
  forbidden: true,
  errors: true,
  ips: true,
} as const;
export type Sort = keyof typeof SORTS;

/** What the reader of the list asks for; all of it is in the address, so a view can be shared. */
export interface ListQuery {
  q: string;
  state: KeyState | '';
  sort: Sort;
  /** Against the column's usual direction. */
  reversed: boolean;
  /** From 1 on. */
  page: number;
  /** Seconds between reloads; 0 = none. */
  refresh: number;
}

const DEFAULTS: ListQuery = { q: '', state: '', sort: 'state', reversed: false, page: 1, refresh: 0 };
const PAGE_SIZE = 200;
const LONGEST_SEARCH = 200;

/** Reads the query of an address. Whatever makes no sense counts as not given; a raw key finds its masked form. */
export function parseListQuery(parameters: URLSearchParams): ListQuery {
  const sort = parameters.get('sort') ?? '';
  const column = sort.replace(/^-/, '');
  const state = parameters.get('state') ?? '';
  const refresh = Math.trunc(Number(parameters.get('refresh') ?? 0));
  return {
    q: withoutRawKeys((parameters.get('q') ?? '').trim()).slice(0, LONGEST_SEARCH),
    state: STATE_NAMES.find((name) => name === state) ?? '',
    sort: Object.hasOwn(SORTS, column) ? (column as Sort) : 'state',
    reversed: Object.hasOwn(SORTS, column) && sort.startsWith('-'),
    page: Math.max(1, Math.trunc(Number(parameters.get('page') ?? 1)) || 1),
    refresh: refresh > 0 ? Math.min(3_600, Math.max(5, refresh)) : 0,
  };
}

/** The address of the list under a query; what is as usual is left out. */
export function listAddress(query: ListQuery, changes: Partial<ListQuery> = {}): string {
  const { q, state, sort, reversed, page, refresh } = { ...query, page: 1, ...changes };
  const parameters = new URLSearchParams();
  if (q !== DEFAULTS.q) parameters.set('q', q);
  if (state !== '') parameters.set('state', state);
  if (sort !== DEFAULTS.sort || reversed) parameters.set('sort', `${reversed ? '-' : ''}${sort}`);
  if (page > 1) parameters.set('page', String(page));
  if (refresh > 0) parameters.set('refresh', String(refresh));
  return parameters.size > 0 ? `/?${parameters}` : '/';
}

/** The part of the list that a page shows. */
export interface KeyList {
  keys: KeyOverview[];
  /** Keys that the search finds, by state, worst first; states without keys are left out. */
  byState: { state: KeyState; keys: number }[];
  /** Keys that the search finds, whatever their state. */
  found: number;
  /** Keys that search and state leave. */
  listed: number;
  /** Number of the first key shown, from 1. */
  first: number;
  page: number;
  pages: number;
}

/** Searches, filters, sorts and cuts the list. */
export function listKeys(keys: readonly KeyOverview[], query: ListQuery): KeyList {
  const words = query.q.toLowerCase().split(/\s+/).filter(Boolean);
  const found = keys.filter((key) => words.every((word) => searchText(key).includes(word)));
  const listed = query.state === '' ? [...found] : found.filter(({ health }) => health.state === query.state);
  const order = ORDERS[query.sort];
  const direction = query.reversed ? -1 : 1;
  listed.sort((a, b) => direction * order(a, b) || worstFirst(a, b) || compare(a.id, b.id));
  const pages = Math.max(1, Math.ceil(listed.length / PAGE_SIZE));
  const page = Math.min(query.page, pages);
  const start = (page - 1) * PAGE_SIZE;
  const counts = new Map<KeyState, number>();
  for (const { health } of found) counts.set(health.state, (counts.get(health.state) ?? 0) + 1);
  return {
    keys: listed.slice(start, start + PAGE_SIZE),
    byState: STATE_NAMES.filter((state) => counts.has(state)).map((state) => ({
      state,
      keys: counts.get(state) as number,
    })),
    found: found.length,
    listed: listed.length,
    first: listed.length === 0 ? 0 : start + 1,
    page,
    pages,
  };
}

type Order = (a: KeyOverview, b: KeyOverview) => number;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const most =
  (figure: (key: KeyOverview) => number): Order =>
  (a, b) =>
    figure(b) - figure(a);

const ORDERS: Record<Sort, Order> = {
  state: worstFirst,
  name: (a, b) => compare(a.title.toLowerCase(), b.title.toLowerCase()),
  used: most(({ facts }) => facts?.lastUsed ?? 0),
  requests: most(({ requests }) => requests),
  // Least successful first; keys without requests have no rate and come last.
  success: (a, b) => (Number.isNaN(a.success) ? 2 : a.success) - (Number.isNaN(b.success) ? 2 : b.success),
  throttled: most(({ hour }) => hour.throttled),
  forbidden: most(({ hour }) => hour.forbidden),
  errors: most(({ hour }) => hour.serverErrors),
  ips: most(({ facts }) => facts?.uniqueIps.day ?? 0),
};

function searchText({ id, tenant, title, entry, health }: KeyOverview): string {
  const { description, owner, environment, tier, fingerprints = [] } = entry ?? {};
  const words = [id, tenant, title, description, owner, environment, tier, health.state, ...fingerprints];
  return words.join('\n').toLowerCase();
}
