import { join } from 'node:path';
import { NO_TENANT } from '../keys/key-labels.ts';
import { type Draft, digestOf, syncFile } from './archive-change.ts';
import { requestsOf } from './archive-view.ts';
import { type DuckDBConnection, literal } from './duckdb.ts';
import { draftDirectory, requestFile } from './layout.ts';
import { COLUMNS } from './spool-table.ts';

/**
 * Rows of a file that can be skipped as a whole by a reader. A file is sorted by key, so that a search for one
 * key reads a few of them.
 */
const ROW_GROUP = 61_440;

/** A query that gives the archive's COLUMNS and, behind them, `retention` and `day`, and what its files are called. */
export interface Source {
  sql: string;
  name: string;
}

/** Writes one file for each retention class and day of the source. */
export async function draftFiles(
  connection: DuckDBConnection,
  root: string,
  source: Source,
): Promise<Draft[]> {
  const places = await connection.runAndReadAll(
    `SELECT retention, day, count(*)::DOUBLE, epoch_ms(min(time))::DOUBLE, epoch_ms(max(time))::DOUBLE
     FROM (${source.sql}) GROUP BY ALL ORDER BY ALL`,
  );
  const drafts: Draft[] = [];
  for (const [retention, day, rows, first, last] of places.getRows() as [
    string,
    string,
    number,
    number,
    number,
  ][]) {
    const path = requestFile(retention, day, source.name);
    const draft = join(draftDirectory(root), path.replaceAll('/', '_'));
    const where =
      places.currentRowCount > 1 ? `WHERE retention = ${literal(retention)} AND day = ${literal(day)}` : '';
    await connection.run(
      `COPY (SELECT ${COLUMNS.join(', ')} FROM (${source.sql}) ${where} ORDER BY key_id, tenant_id, time)
       TO ${literal(draft)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP})`,
    );
    syncFile(draft);
    drafts.push({ path, draft, ...(await digestOf(draft)), rows, first, last });
  }
  return drafts;
}

/** The rows of files of the archive, as a Source has them, all to be of one class. */
export const rowsOf = (root: string, paths: string[], retention: string): string =>
  `SELECT *, ${literal(retention)} AS retention, ${DAY} AS day FROM (${requestsOf(root, paths)})`;

/** The same, each to be of the class that its key has by the table of makeClassTable, or of `others`. */
export const rowsByKey = (root: string, paths: string[], others: string): string =>
  `SELECT r.*, coalesce(x.retention, a.retention, ${literal(others)}) AS retention, ${DAY} AS day
   FROM (${requestsOf(root, paths)}) r
   LEFT JOIN class_of_key x ON r.key_id = x.key_id AND coalesce(nullif(r.tenant_id, ''), '${NO_TENANT}') = x.tenant_id
   LEFT JOIN class_of_key a ON r.key_id = a.key_id AND a.tenant_id = ''`;

const DAY = "strftime(time, '%Y-%m-%d')";

/** The classes of keys, for rowsByKey. Tenant '' is whatever tenant, NO_TENANT none. */
export async function makeClassTable(
  connection: DuckDBConnection,
  keys: { key: string; tenant: string; retention: string }[],
): Promise<void> {
  await connection.run(
    'CREATE TEMP TABLE class_of_key (key_id VARCHAR, tenant_id VARCHAR, retention VARCHAR)',
  );
  const appender = await connection.createAppender('class_of_key');
  for (const { key, tenant, retention } of keys) {
    for (const value of [key, tenant, retention]) appender.appendVarchar(value);
    appender.endRow();
  }
  appender.closeSync();
}
