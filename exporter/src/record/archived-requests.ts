import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesBetween, requestsOf } from './archive-view.ts';
import { type DuckDBConnection, openDuckdb } from './duckdb.ts';
import { placeOf } from './layout.ts';
import { followManifest } from './manifest.ts';

/** MiB and threads of a query: it runs beside an exporter. */
const LIMITS = { memory: 512, threads: 2 };

/** The sealed requests of some UTC days, as the table `requests` of a DuckDB. */
export class ArchivedRequests {
  /** Days that have at least a file, `2026-11-23`. */
  readonly days: ReadonlySet<string>;
  private readonly connection: DuckDBConnection;
  /** Closes the connection and removes what did not fit in memory. */
  readonly close: () => void;

  private constructor(connection: DuckDBConnection, days: ReadonlySet<string>, close: () => void) {
    this.connection = connection;
    this.days = days;
    this.close = close;
  }

  /**
   * `from` and `to` as `2026-11-23`, both included; undefined where the archive has nothing of these days.
   * Throws what reading the manifest or a file throws.
   */
  static async open(root: string, from: string, to: string): Promise<ArchivedRequests | undefined> {
    const files = filesBetween(followManifest(root), from, to);
    if (files.length === 0) return undefined;
    const directory = mkdtempSync(join(tmpdir(), 'atender-record-'));
    const { connection, close } = await openDuckdb({ ...LIMITS, directory });
    const closeAll = () => {
      close();
      rmSync(directory, { recursive: true, force: true });
    };
    try {
      await connection.run(`CREATE VIEW requests AS ${requestsOf(root, files)}`);
    } catch (error) {
      closeAll();
      throw error;
    }
    return new ArchivedRequests(connection, new Set(files.map((path) => placeOf(path)?.day ?? '')), closeAll);
  }

  /** Rows a chunk at a time; `parameters` in their order. */
  async *rows(sql: string, parameters: (string | number)[] = []): AsyncGenerator<unknown[]> {
    const result = await this.connection.stream(sql, parameters);
    for (
      let chunk = await result.fetchChunk();
      chunk && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    )
      yield* chunk.getRows();
  }
}
