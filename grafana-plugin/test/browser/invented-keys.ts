import type { DataFrameDTO } from '@grafana/data';
import { overviewQueries } from '../../src/roles/queries.ts';

/** Frames of many invented keys, some with errors, each with a trend. `now` in milliseconds since the epoch. */
export function inventedKeys(
  count: number,
  now: number,
  nameOf = (i: number) => `Integration ${i}`,
): DataFrameDTO[] {
  const keys = Array.from({ length: count }, (_, i) => ({
    tenant_id: `tenant_${i % 7}`,
    key_id: `key_${i}`,
  }));
  const table = (refId: string, rows: Record<string, string | number>[]): DataFrameDTO => {
    const names = Object.keys(rows[0] ?? {}).filter((name) => name !== 'value');
    return {
      refId,
      fields: [
        { name: 'Time', type: 'time' as never, values: rows.map(() => now) },
        ...names.map((name) => ({ name, type: 'string' as never, values: rows.map((row) => row[name]) })),
        { name: `Value #${refId}`, type: 'number' as never, values: rows.map(({ value }) => value) },
      ],
    };
  };
  const statuses = keys.flatMap((key, i) => [
    { ...key, status: '200', value: 100 + (i % 900) },
    { ...key, status: '429', value: i % 11 === 0 ? 30 : 0 },
    { ...key, status: '503', value: i % 17 === 0 ? 20 : 0 },
  ]);
  const facts = keys.flatMap((key, i) => [
    { __name__: 'atender_key_last_used_timestamp_seconds', ...key, window: '', value: now / 1000 - i },
    { __name__: 'atender_key_unique_ips', ...key, window: '24h', value: i % 9 },
  ]);
  const info = keys.map((key, i) => ({
    ...key,
    ...{
      name: nameOf(i),
      environment: i % 5 === 0 ? 'sandbox' : 'production',
      tier: ['starter', 'professional'][i % 2] as string,
    },
    ...{ owner: `team ${i % 20}`, state: 'active', realtime: 'true', replaces: '', value: 1 },
  }));
  const volume = keys.map((labels, i) => ({
    refId: 'volume',
    fields: [
      { name: 'Time', type: 'time' as never, values: POINTS.map((n) => now - (POINTS.length - n) * 300_000) },
      {
        name: 'Value',
        type: 'number' as never,
        labels,
        values: POINTS.map((n) => 1 + Math.sin((n + i) / 5)),
      },
    ],
  }));
  return [
    ...['status5m', 'status30m', 'status1h'].map((role) => table(role, statuses)),
    table(
      'thresholds',
      keys.map((key) => ({ ...key, kind: 'throttled_ratio', value: 0.05 })),
    ),
    ...[table('facts', facts), table('info', info), table('pipeline', [{ value: 0 }])],
    ...volume,
  ];
}

const POINTS = Array.from({ length: 72 }, (_, n) => n);

/** RefIds of all queries of the overview. */
export const OVERVIEW_REF_IDS = Object.keys(overviewQueries(''));
