import {
  type DataFrame,
  dateTime,
  FieldType,
  LoadingState,
  type PanelData,
  toDataFrame,
} from '@grafana/data';
import { queryResultsOf } from '../../src/frames/query-results.ts';
import { type KeyList, keyListOf, type ListedKey } from '../../src/keys/key-list.ts';

/** Noon of a day: seconds since the epoch. */
export const NOW = Date.UTC(2026, 4, 4, 12) / 1000;

export type Row = Record<string, string | number>;

/** A table of the Prometheus data source: one column per label, then the value. */
export function table(refId: string, rows: Row[]): DataFrame {
  const labels = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => name !== 'value');
  return toDataFrame({
    refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: rows.map(() => NOW * 1000) },
      ...labels.map((name) => ({
        name,
        type: FieldType.string,
        values: rows.map((row) => String(row[name] ?? '')),
      })),
      { name: `Value #${refId}`, type: FieldType.number, values: rows.map(({ value }) => value) },
    ],
  });
}

/** A series with one value every five minutes, up to now. */
export function series(refId: string, labels: Record<string, string>, values: number[]): DataFrame {
  return toDataFrame({
    refId,
    fields: [
      {
        name: 'Time',
        type: FieldType.time,
        values: values.map((_, i) => (NOW - 300 * (values.length - 1 - i)) * 1000),
      },
      { name: 'Value', type: FieldType.number, labels, values },
    ],
  });
}

export function panelData(frames: DataFrame[], more: Partial<PanelData> = {}): PanelData {
  const range = { from: dateTime((NOW - 6 * 3600) * 1000), to: dateTime(NOW * 1000) };
  return { state: LoadingState.Done, series: frames, timeRange: { ...range, raw: range }, ...more };
}

export const listOf = (frames: DataFrame[], more?: Partial<PanelData>): KeyList =>
  keyListOf(queryResultsOf(panelData(frames, more), {}));

/** Query results of healthy keys. `statuses` are the requests of each window by status. */
export function keyFrames(
  keys: { id: string; tenant?: string; info?: Row; facts?: Row[]; statuses?: Record<number, number> }[],
): DataFrame[] {
  const of = (id: string, tenant = 'acme') => ({ tenant_id: tenant, key_id: id });
  const info = keys.map(({ id, tenant, info: own }) => ({
    ...of(id, tenant),
    ...{ name: `Name of ${id}`, environment: 'production', tier: 'starter', owner: 'team', state: 'active' },
    ...{ realtime: 'true', replaces: '', ...own, value: 1 },
  }));
  const facts = keys.flatMap(({ id, tenant, facts: own }) =>
    (own ?? [{ __name__: 'atender_key_last_used_timestamp_seconds', value: NOW - 60 }]).map((fact) => ({
      ...of(id, tenant),
      ...fact,
    })),
  );
  const statuses = keys.flatMap(({ id, tenant, statuses: own }) =>
    Object.entries(own ?? { 200: 100 }).map(([status, value]) => ({ ...of(id, tenant), status, value })),
  );
  return [
    table('info', info),
    table('facts', facts as Row[]),
    ...['status5m', 'status30m', 'status1h'].map((role) => table(role, statuses)),
    table('pipeline', [{ value: 0 }]),
  ];
}

export const stateOfKey = (list: KeyList, id: string): string | undefined => keyOf(list, id)?.health.state;
export const keyOf = (list: KeyList, id: string): ListedKey | undefined =>
  list.keys.find((key) => key.id === id);
