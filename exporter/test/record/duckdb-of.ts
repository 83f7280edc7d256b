import { DuckDBInstance } from '@duckdb/node-api';

/** Asks a DuckDB of its own; numbers come as numbers, and the archive is read as any other engine would read it. */
export async function ask(sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowsJS() as unknown[][];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** All Parquet files of an archive, found by their place alone. */
export const filesOf = (root: string): string => `read_parquet('${root}/requests/*/*/*.parquet')`;
