import { type DataFrame, type Field, FieldType } from '@grafana/data';

/** One value per series, independent of the shape of the frames. */
export interface Rows {
  length: number;
  /** Whether the series can have the label. */
  hasLabel(label: string): boolean;
  /** '' if the series does not have it. */
  label(name: string, row: number): string;
  /** NaN = none. */
  value(row: number): number;
  /** Time of the value, milliseconds since the epoch; NaN = unknown. */
  time(row: number): number;
}

/** Values of one series over time. */
export interface Series {
  labels: Record<string, string>;
  /** Milliseconds since the epoch, ascending. */
  times: number[];
  /** NaN = none. */
  values: number[];
}

const VALUE_FIELD = /^Value(\s|$)/;

/** Lookback of Prometheus, milliseconds. */
const LOOKBACK = 300_000;

/**
 * Returns one value per series from tables or time series. A time series gives its last value, as an instant query
 * would. A series that ended before the lookback is dropped.
 */
export function rowsOf(frames: DataFrame[]): Rows[] {
  const all = frames.flatMap(rowsOfFrame);
  let latest = Number.NEGATIVE_INFINITY;
  for (const rows of all)
    for (let row = 0; row < rows.length; row++) latest = Math.max(latest, rows.time(row) || latest);
  return all.map((rows) => {
    const current: number[] = [];
    for (let row = 0; row < rows.length; row++) if (!(rows.time(row) < latest - LOOKBACK)) current.push(row);
    return current.length === rows.length ? rows : selectRows(rows, current);
  });
}

function rowsOfFrame(frame: DataFrame): Rows[] {
  const columns = labelColumns(frame);
  const values = frame.fields.filter((field) => field.type === FieldType.number && !columns.includes(field));
  if (columns.length > 0 && values.length > 0) return [tableRows(frame, columns, values.at(-1) as Field)];
  const time = timesOf(frame);
  return values.map((field) => lastValueRow(field, time));
}

/** Returns the series of a frame: one per column, or grouped by label columns. */
export function seriesOf(frame: DataFrame): Series[] {
  const time = timesOf(frame);
  if (time === undefined) return [];
  const columns = labelColumns(frame);
  const values = frame.fields.filter((field) => field.type === FieldType.number && !columns.includes(field));
  if (columns.length === 0)
    return values.map((field) => ({
      labels: field.labels ?? {},
      times: time.values,
      values: field.values.map(numberOf),
    }));
  const value = values.at(-1);
  return value === undefined ? [] : longSeries(columns, time, value);
}

/** Text columns, and numeric columns that come from a label such as `status`. */
function labelColumns(frame: DataFrame): Field[] {
  const numbers = frame.fields.filter(({ type }) => type === FieldType.number);
  const named = numbers.some(({ name }) => VALUE_FIELD.test(name));
  const texts = frame.fields.filter(({ type }) => type === FieldType.string || type === FieldType.enum);
  if (texts.length === 0) return [];
  return [...texts, ...(named ? numbers.filter(({ name }) => !VALUE_FIELD.test(name)) : [])];
}

function tableRows(frame: DataFrame, columns: Field[], value: Field): Rows {
  const byName = new Map(columns.map((field) => [field.name, field]));
  const own = value.labels ?? {};
  const time = timesOf(frame);
  const label = (name: string, row: number): string => {
    const cell: unknown = byName.get(name)?.values[row];
    return cell === undefined || cell === null ? (own[name] ?? '') : String(cell);
  };
  const all: Rows = {
    length: frame.length,
    hasLabel: (name) => byName.has(name) || name in own,
    label,
    value: (row) => numberOf(value.values[row]),
    time: (row) => numberOf(time?.values[row]),
  };
  const kept = time === undefined ? undefined : latestOf(columns, time);
  return kept === undefined ? all : selectRows(all, kept);
}

const selectRows = (rows: Rows, kept: readonly number[]): Rows => ({
  length: kept.length,
  hasLabel: rows.hasLabel,
  label: (name, row) => rows.label(name, kept[row] as number),
  value: (row) => rows.value(kept[row] as number),
  time: (row) => rows.time(kept[row] as number),
});

/** Row numbers of the latest value of each series; undefined if all rows have the same time. */
function latestOf(columns: Field[], time: Field): number[] | undefined {
  const times: number[] = time.values;
  if (times.every((at) => at === times[0])) return undefined;
  const latest = new Map<string, number>();
  times.forEach((at, row) => {
    const name = signature(columns, row);
    const known = latest.get(name);
    if (known === undefined || at >= (times[known] as number)) latest.set(name, row);
  });
  return [...latest.values()];
}

function longSeries(columns: Field[], time: Field, value: Field): Series[] {
  const found = new Map<string, Series>();
  for (let row = 0; row < value.values.length; row++) {
    const name = signature(columns, row);
    let series = found.get(name);
    if (series === undefined) {
      const labels = Object.fromEntries(
        columns.map((field) => [field.name, String(field.values[row] ?? '')]),
      );
      series = { labels, times: [], values: [] };
      found.set(name, series);
    }
    series.times.push(time.values[row]);
    series.values.push(numberOf(value.values[row]));
  }
  return [...found.values()];
}

function lastValueRow(field: Field, time: Field | undefined): Rows {
  const labels = field.labels ?? {};
  let last = field.values.length - 1;
  while (last >= 0 && !Number.isFinite(numberOf(field.values[last]))) last--;
  return {
    length: last < 0 ? 0 : 1,
    hasLabel: (name) => name in labels,
    label: (name) => labels[name] ?? '',
    value: () => numberOf(field.values[last]),
    time: () => numberOf(time?.values[last]),
  };
}

const timesOf = (frame: DataFrame): Field | undefined =>
  frame.fields.find(({ type }) => type === FieldType.time);

const signature = (columns: Field[], row: number): string =>
  JSON.stringify(columns.map((field) => field.values[row]));
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN);
