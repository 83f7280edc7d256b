import { responsesOf } from '../../../exporter/src/health/key-signals.ts';
import { worstFirst } from '../../../exporter/src/health/state.ts';
import type { ListedKey } from '../keys/key-list.ts';

/** Columns of the overview, in order. */
export const COLUMN_NAMES = [
  'state',
  'key',
  'environment',
  'tier',
  'owner',
  'lastUsed',
  'requests',
  'change',
  'answers',
  'throttled',
  'forbidden',
  'serverErrors',
  'uniqueIps',
] as const;
export type ColumnName = (typeof COLUMN_NAMES)[number];

export interface ColumnLayout {
  /** Minimum width, pixels. */
  minWidth: number;
  /** Share of the remaining width, as `fr`. */
  growth: number;
  /** Columns with higher numbers are dropped first if the panel is narrow. 0 = never dropped. */
  dropPriority: number;
  align: 'start' | 'end';
}

export const COLUMNS: Record<ColumnName, ColumnLayout> = {
  state: { minWidth: 150, growth: 5, dropPriority: 0, align: 'start' },
  key: { minWidth: 130, growth: 3, dropPriority: 0, align: 'start' },
  environment: { minWidth: 92, growth: 0, dropPriority: 11, align: 'start' },
  tier: { minWidth: 96, growth: 0, dropPriority: 12, align: 'start' },
  owner: { minWidth: 104, growth: 1, dropPriority: 10, align: 'start' },
  lastUsed: { minWidth: 92, growth: 0, dropPriority: 1, align: 'end' },
  requests: { minWidth: 146, growth: 0, dropPriority: 2, align: 'end' },
  change: { minWidth: 84, growth: 0, dropPriority: 7, align: 'end' },
  answers: { minWidth: 88, growth: 1, dropPriority: 6, align: 'start' },
  throttled: { minWidth: 60, growth: 0, dropPriority: 3, align: 'end' },
  forbidden: { minWidth: 48, growth: 0, dropPriority: 5, align: 'end' },
  serverErrors: { minWidth: 60, growth: 0, dropPriority: 4, align: 'end' },
  uniqueIps: { minWidth: 48, growth: 0, dropPriority: 8, align: 'end' },
};

/** Horizontal padding of a row, and gap between columns. Pixels. */
const ROW_PADDING = 24;
const COLUMN_GAP = 12;
/** Extra width of the state column for its reason. More columns are shown only beyond it. Pixels. */
const REASON_WIDTH = 110;

/** Whether a panel of this width (pixels) is too narrow for state and key side by side. */
export const isStacked = (width: number): boolean =>
  width < ROW_PADDING + COLUMNS.state.minWidth + COLUMN_GAP + COLUMNS.key.minWidth;

/** The chosen columns that fit, in order. Columns are dropped by `dropPriority`. */
export function columnsThatFit(chosen: readonly ColumnName[], width: number): ColumnName[] {
  const shown = COLUMN_NAMES.filter((name) => COLUMNS[name].dropPriority === 0 || chosen.includes(name));
  const needed = () =>
    ROW_PADDING + REASON_WIDTH + shown.reduce((sum, name) => sum + COLUMNS[name].minWidth + COLUMN_GAP, 0);
  while (needed() > width) {
    const first = shown.reduce((a, b) => (COLUMNS[b].dropPriority > COLUMNS[a].dropPriority ? b : a));
    if (COLUMNS[first].dropPriority === 0) break;
    shown.splice(shown.indexOf(first), 1);
  }
  return shown;
}

export interface Sorting {
  column: ColumnName;
  /** False = the order of the first click, which shows the most important keys on top. */
  reversed: boolean;
}

export const WORST_FIRST: Sorting = { column: 'state', reversed: false };

/** Sort value of each column: texts from A to Z, numbers from the highest. */
const SORT_VALUES: Record<Exclude<ColumnName, 'state'>, (key: ListedKey) => string | number> = {
  key: ({ title }) => title,
  environment: ({ environment }) => environment,
  tier: ({ tier }) => tier,
  owner: ({ owner }) => owner,
  lastUsed: ({ lastUsed }) => lastUsed,
  requests: ({ requests }) => requests,
  change: ({ change }) => change,
  answers: ({ hour }) =>
    responsesOf(hour) > 0 ? 1 - (hour.success + hour.redirect) / responsesOf(hour) : Number.NaN,
  throttled: ({ throttledShare }) => throttledShare,
  forbidden: ({ forbidden }) => forbidden,
  serverErrors: ({ serverErrorShare }) => serverErrorShare,
  uniqueIps: ({ uniqueIps }) => uniqueIps,
};

/** Sorts keys by a column. Unknown and empty values come last in both orders. Ties are sorted worst first. */
export function sortKeys(keys: readonly ListedKey[], { column, reversed }: Sorting): ListedKey[] {
  const sign = reversed ? -1 : 1;
  if (column === 'state') return [...keys].sort((a, b) => sign * worstFirst(a, b) || byTitle(a, b));
  const sortedBy = SORT_VALUES[column];
  return keys
    .map((key) => ({ key, value: sortedBy(key) }))
    .sort((a, b) => compare(a.value, b.value, sign) || worstFirst(a.key, b.key) || byTitle(a.key, b.key))
    .map(({ key }) => key);
}

/** A second click on a header reverses the order. */
export const sortingAfterClick = (now: Sorting, column: ColumnName): Sorting => ({
  column,
  reversed: now.column === column && !now.reversed,
});

const ALPHABET = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const byTitle = (a: ListedKey, b: ListedKey): number =>
  ALPHABET.compare(a.title, b.title) || byTenantAndId(a, b);

const byTenantAndId = (a: ListedKey, b: ListedKey): number =>
  (a.tenant === b.tenant ? a.id < b.id : a.tenant < b.tenant) ? -1 : 1;

function compare(a: string | number, b: string | number, sign: number): number {
  const [noA, noB] = [isEmpty(a), isEmpty(b)];
  if (noA || noB) return Number(noA) - Number(noB);
  if (typeof a === 'string' || typeof b === 'string') return sign * ALPHABET.compare(String(a), String(b));
  return sign * (b - a);
}

const isEmpty = (value: string | number): boolean => value === '' || Number.isNaN(value);
