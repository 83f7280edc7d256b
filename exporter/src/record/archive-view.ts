import { join } from 'node:path';
import { literal } from './duckdb.ts';
import { placeOf } from './layout.ts';
import type { Manifest } from './manifest.ts';
import { COLUMNS } from './spool-table.ts';

const TYPES: Record<(typeof COLUMNS)[number], string> = {
  // As DuckDB reads milliseconds out of Parquet.
  time: 'TIMESTAMP',
  key_id: 'VARCHAR',
  tenant_id: 'VARCHAR',
  method: 'VARCHAR',
  endpoint: 'VARCHAR',
  status: 'USMALLINT',
  ip: 'VARCHAR',
  duration_ms: 'FLOAT',
  response_bytes: 'UINTEGER',
  user_agent: 'VARCHAR',
  request_id: 'VARCHAR',
};

/** Paths of the archive's files of some UTC days, both included. */
export const filesBetween = (manifest: Manifest, from: string, to: string): string[] =>
  [...manifest.files.keys()].filter((path) => {
    const day = placeOf(path)?.day ?? '';
    return day >= from && day <= to;
  });

/** SQL of all requests in the files, with COLUMNS in their order; fails when one is gone by the time it runs. */
export function requestsOf(root: string, paths: readonly string[]): string {
  if (paths.length > 0)
    return `SELECT ${COLUMNS.join(', ')} FROM read_parquet([${paths
      .map((path) => literal(join(root, path)))
      .join(', ')}], hive_partitioning = false)`;
  return `SELECT ${COLUMNS.map((name) => `NULL::${TYPES[name]} AS ${name}`).join(', ')} WHERE false`;
}
