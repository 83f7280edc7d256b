import { type KeyState, STATE_NAMES } from '../../../exporter/src/health/states.ts';
import type { ListedKey } from '../keys/key-list.ts';

/** Filters by value. No chosen value = all keys. */
export const FACETS = ['environment', 'tier', 'owner'] as const;
export type Facet = (typeof FACETS)[number];

export interface Filters {
  search: string;
  states: readonly KeyState[];
  environment: readonly string[];
  tier: readonly string[];
  owner: readonly string[];
}

export const NO_FILTERS: Filters = { search: '', states: [], environment: [], tier: [], owner: [] };

export const isFiltering = (filters: Filters): boolean =>
  filters.search.trim() !== '' ||
  filters.states.length > 0 ||
  FACETS.some((facet) => filters[facet].length > 0);

/** Keys that match all filters except the states. The counts per state use them. */
export function matchingExceptState(keys: readonly ListedKey[], filters: Filters): ListedKey[] {
  const words = normalized(filters.search).split(/\s+/).filter(Boolean);
  return keys.filter(
    (key) =>
      FACETS.every((facet) => filters[facet].length === 0 || filters[facet].includes(key[facet])) &&
      (words.length === 0 || words.every((word) => searchText(key).includes(word))),
  );
}

/** Keys in one of the chosen states. */
export const inStates = (keys: readonly ListedKey[], states: readonly KeyState[]): ListedKey[] =>
  states.length === 0 ? [...keys] : keys.filter(({ health }) => states.includes(health.state));

/** Number of keys per state, worst first. States without keys are left out unless they are chosen. */
export function countStates(
  keys: readonly ListedKey[],
  chosen: readonly KeyState[],
): { state: KeyState; count: number }[] {
  const counts = new Map<KeyState, number>();
  for (const { health } of keys) counts.set(health.state, (counts.get(health.state) ?? 0) + 1);
  return STATE_NAMES.filter((state) => counts.has(state) || chosen.includes(state)).map((state) => ({
    state,
    count: counts.get(state) ?? 0,
  }));
}

/** The values of a facet from A to Z; '' last. */
export function facetValues(keys: readonly ListedKey[], facet: Facet): string[] {
  return [...new Set(keys.map((key) => key[facet]))].sort(
    (a, b) => Number(a === '') - Number(b === '') || a.localeCompare(b),
  );
}

const searchText = (key: ListedKey): string =>
  normalized([key.title, key.id, key.tenant, key.owner, key.environment, key.tier].join('\n'));
/** Ignores case, accents and directional marks. */
const normalized = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}]/gu, '')
    .toLowerCase();
