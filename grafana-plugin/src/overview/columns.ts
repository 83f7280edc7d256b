import { responsesOf } from '../../../exporter/src/health/key-signals.ts';
import { worstFirst } from '../../../exporter/src/health/state.ts';
import type { ListedKey } from '../keys/key-list.ts';

/** Every column of the overview, in the order they are shown. */
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
  /** Pixels below which the column is useless. */
  least: number;
  /** Share of the room that is left over. */
  grows: number;
  /** Columns with higher numbers give way first when the panel is narrow. */
  givesWay: number;
  align: 'start' | 'end';
}

export const COLUMNS: Record<ColumnName, ColumnLayout> = {
  state: { least: 150, grows: 5, givesWay: 0, align: 'start' },
  key: { least: 130, grows: 3, givesWay: 0, align: 'start' },
  environment: { least: 92, grows: 0, givesWay: 11, align: 'start' },
  tier: { least: 96, grows: 0, givesWay: 12, align: 'start' },
  owner: { least: 104, grows: 1, givesWay: 10, align: 'start' },
  lastUsed: { least: 92, grows: 0, givesWay: 1, align: 'end' },
  requests: { least: 146, grows: 0, givesWay: 2, align: 'end' },
  change: { least: 84, grows: 0, givesWay: 7, align: 'end' },
  answers: { least: 88, grows: 1, givesWay: 6, align: 'start' },
  throttled: { least: 60, grows: 0, givesWay: 3, align: 'end' },
  forbidden: { least: 48, grows: 0, givesWay: 5, align: 'end' },
  serverErrors: { least: 60, grows: 0, givesWay: 4, align: 'end' },
  uniqueIps: { least: 48, grows: 0, givesWay: 8, align: 'end' },
};

/** Room that a row needs besides its columns: padding, and a gap between columns. Pixels. */
const ROW_PADDING = 24;
const COLUMN_GAP = 12;
/** Room that the state column should have for its reason before more columns are shown. Pixels. */
const REASON = 110;

/** A panel too narrow for state and key beside one another has them below one another. Pixels. */
export const isStacked = (width: number): boolean =>
  width < ROW_PADDING + COLUMNS.state.least + COLUMN_GAP + COLUMNS.key.least;

/** The columns that fit, in order: the chosen ones, less those that give way first. */
export function columnsThatFit(chosen: readonly ColumnName[], width: number): ColumnName[] {
  const shown = COLUMN_NAMES.filter((name) => COLUMNS[name].givesWay === 0 || chosen.includes(name));
  const needed = () =>
    ROW_PADDING + REASON + shown.reduce((sum, name) => sum + COLUMNS[name].least + COLUMN_GAP, 0);
  while (needed() > width) {
    const first = shown.reduce((a, b) => (COLUMNS[b].givesWay > COLUMNS[a].givesWay ? b : a));
    if (COLUMNS[first].givesWay === 0) break;
    shown.splice(shown.indexOf(first), 1);
  }
  return shown;
}

export interface Sorting {
  column: ColumnName;
  /** False: the order of a first click, which has the keys to look at on top. */
  reversed: boolean;
}

export const WORST_FIRST: Sorting = { column: 'state', reversed: false };

/** What a column is sorted by: words from A to Z, figures from the highest. */
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

/** The keys in the order of a column; what is unknown or empty comes last either way, ties worst first. */
export function sortKeys(keys: readonly ListedKey[], { column, reversed }: Sorting): ListedKey[] {
  const sign = reversed ? -1 : 1;
  if (column === 'state') return [...keys].sort((a, b) => sign * worstFirst(a, b) || byTitle(a, b));
  const sortedBy = SORT_VALUES[column];
  return keys
    .map((key) => ({ key, value: sortedBy(key) }))
    .sort((a, b) => compared(a.value, b.value, sign) || worstFirst(a.key, b.key) || byTitle(a.key, b.key))
    .map(({ key }) => key);
}

/** Clicking a header again turns its order round. */
export const sortingAfterClick = (now: Sorting, column: ColumnName): Sorting => ({
  column,
  reversed: now.column === column && !now.reversed,
});

const ALPHABET = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const byTitle = (a: ListedKey, b: ListedKey): number =>
  ALPHABET.compare(a.title, b.title) || (a.handle < b.handle ? -1 : 1);

function compared(a: string | number, b: string | number, sign: number): number {
  const [noA, noB] = [isNothing(a), isNothing(b)];
  if (noA || noB) return Number(noA) - Number(noB);
  if (typeof a === 'string' || typeof b === 'string') return sign * ALPHABET.compare(String(a), String(b));
  return sign * (b - a);
}

const isNothing = (value: string | number): boolean => value === '' || Number.isNaN(value);
