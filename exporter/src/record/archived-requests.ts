import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBDataChunk } from '@duckdb/node-api';
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
  private readonly span: readonly [from: string, to: string];
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

  /** Rows of a query of the table `requests`; `parameters` in their order. Throws ArchiveError. */
  async *rows(sql: string, parameters: (string | number)[] = []): AsyncGenerator<unknown[]> {
    for await (const chunk of this.chunks(this.span, sql, parameters)) yield* chunk.getRows();
  }

  /**
   * The columns of a query, all of them DOUBLE and never null, many rows at a time; the table `requests` holds those of
   * one day, `2026-11-23`. Throws ArchiveError.
   */
  async *numbers(day: string, sql: string, parameters: (string | number)[]): AsyncGenerator<Float64Array[]> {
    for await (const chunk of this.chunks([day, day], sql, parameters))
      yield Array.from({ length: chunk.columnCount }, (_, column) => {
        const { items } = chunk.getColumnVector(column) as unknown as { items: Float64Array };
        return items.subarray(0, chunk.rowCount);
      });
  }

  private async *chunks(
    span: readonly [from: string, to: string],
    sql: string,
    parameters: (string | number)[],
  ): AsyncGenerator<DuckDBDataChunk> {
    try {
      yield* this.search.steadily(() => this.chunksOnce(span, sql, parameters));
    } catch (error) {
      throw new ArchiveError(error as Error);
    }
  }

  private async *chunksOnce(
    [from, to]: readonly [from: string, to: string],
    sql: string,
    parameters: (string | number)[],
  ): AsyncGenerator<DuckDBDataChunk> {
    await this.connection.run(`CREATE OR REPLACE TEMP VIEW requests AS ${this.search.relation(from, to)}`);
    const result = await this.connection.stream(sql, parameters);
    for (
      let chunk = await result.fetchChunk();
      chunk && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    )
      yield chunk;
  }
}
