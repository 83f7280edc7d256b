import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

export type { DuckDBConnection } from '@duckdb/node-api';

export interface DuckdbLimits {
  /** MiB that DuckDB may use before it writes to `directory`. */
  memory: number;
  threads: number;
  /** For what does not fit in memory. */
  directory: string;
}

/** A DuckDB of its own in memory. It is loaded here and nowhere else, so that only those who need it pay for it. */
export async function openDuckdb({
  memory,
  threads,
  directory,
}: DuckdbLimits): Promise<{ connection: DuckDBConnection; close(): void }> {
  const { DuckDBInstance: Instance } = await import('@duckdb/node-api');
  const instance: DuckDBInstance = await Instance.create(':memory:', {
    memory_limit: `${memory}MiB`,
    threads: String(threads),
    temp_directory: directory,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  return {
    connection,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** A text as SQL writes it; for the places where no parameter may stand, such as the name of a file. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
