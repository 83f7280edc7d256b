import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArchiveError } from './archive-error.ts';
import { type DuckDBConnection, openDuckdb } from './duckdb.ts';
import { ArchiveSearch } from './search.ts';
import { parseQuery } from './search-query.ts';

/** MiB and threads of a query: it runs beside an exporter. */
const LIMITS = { memory: 512, threads: 2 };

/** The archived requests of some UTC days, as the table `requests` of a DuckDB. */
export class ArchivedRequests {
  /** Days that have at least a file, `2026-11-23`. */
  readonly days: ReadonlySet<string>;
  private readonly connection: DuckDBConnection;
  private readonly search: ArchiveSearch;
  /** First and last day. */
  private readonly span: [from: string, to: string];
  /** Closes the connection and removes what did not fit in memory. */
  readonly close: () => void;

  private constructor(
    connection: DuckDBConnection,
    search: ArchiveSearch,
    span: [from: string, to: string],
    days: ReadonlySet<string>,
    close: () => void,
  ) {
    this.connection = connection;
    this.search = search;
    this.span = span;
    this.days = days;
    this.close = close;
  }

  /**
   * `from` and `to` as `2026-11-23`, both included; undefined where the archive has nothing of these days. `storePath`:
   * the store that goes with the archive; without it what is not sealed yet is not seen. Throws
   * ArchiveError.
   */
  static async open(
    root: string,
    from: string,
    to: string,
    storePath = '',
  ): Promise<ArchivedRequests | undefined> {
    if (!existsSync(root)) return undefined;
    const directory = mkdtempSync(join(tmpdir(), 'atender-record-'));
    const { connection, close } = await openDuckdb({ ...LIMITS, directory });
    const closeAll = () => {
      close();
      rmSync(directory, { recursive: true, force: true });
    };
    try {
      const search = await ArchiveSearch.open(connection, root, storePath, parseQuery({ from, to }, 0));
      const days = new Set(await search.days());
      if (days.size > 0) return new ArchivedRequests(connection, search, [from, to], days, closeAll);
    } catch (error) {
      closeAll();
      throw new ArchiveError(error as Error);
    }
    closeAll();
    return undefined;
  }

  /** Rows a chunk at a time; `parameters` in their order. Throws ArchiveError. */
  async *rows(sql: string, parameters: (string | number)[] = []): AsyncGenerator<unknown[]> {
    try {
      yield* this.search.steadily(() => this.rowsOnce(sql, parameters));
    } catch (error) {
      throw new ArchiveError(error as Error);
    }
  }

  private async *rowsOnce(sql: string, parameters: (string | number)[]): AsyncGenerator<unknown[]> {
    await this.connection.run(
      `CREATE OR REPLACE TEMP VIEW requests AS ${this.search.relation(...this.span)}`,
    );
    const result = await this.connection.stream(sql, parameters);
    for (
      let chunk = await result.fetchChunk();
      chunk && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    )
      yield* chunk.getRows();
  }
}
