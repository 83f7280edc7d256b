import { existsSync } from 'node:fs';
import { openStoreForReading } from '../store/sqlite.ts';
import { filesBetween, requestsOf } from './archive-view.ts';
import { type DuckDBConnection, literal } from './duckdb.ts';
import { dayOf, placeOf, spoolFile } from './layout.ts';
import { followManifest, type Manifest } from './manifest.ts';
import { conditionOf, isExact, isWanted, orderOf, type SearchQuery } from './search-query.ts';
import { COLUMNS, loadSpool, type Wanted } from './spool-table.ts';

/** A request as it is given out. Absent values are null. */
export interface FoundRequest {
  /** Milliseconds since the epoch. */
  time: number;
  key_id: string;
  tenant_id: string;
  method: string;
  endpoint: string;
  status: number;
  ip: string | null;
  duration_ms: number | null;
  response_bytes: number | null;
  user_agent: string | null;
  request_id: string | null;
}

/** How often a day is begun again when files went away under the reader: the exporter was changing the archive. */
const TRIES = 4;

/**
 * Requests one by one out of archive and spool, a UTC day after the other, so that the first come at once and memory
 * is bounded by a day. Sees everything committed when a day is begun, and no request twice.
 */
export class ArchiveSearch {
  private readonly connection: DuckDBConnection;
  private readonly root: string;
  private readonly storePath: string;
  private readonly query: SearchQuery;
  private manifest: Manifest;
  private spooled = false;
  private newest = 0;

  private constructor(connection: DuckDBConnection, root: string, storePath: string, query: SearchQuery) {
    this.connection = connection;
    this.root = root;
    this.storePath = storePath;
    this.query = query;
    this.manifest = followManifest(root);
  }

  /** `storePath`: the store that goes with the archive; without it the spool is not seen. Throws StoreError. */
  static async open(
    connection: DuckDBConnection,
    root: string,
    storePath: string,
    query: SearchQuery,
  ): Promise<ArchiveSearch> {
    const search = new ArchiveSearch(connection, root, storePath, query);
    await search.look();
    return search;
  }

  /** The UTC days that hold requests of the query's time, in its order. */
  async days(): Promise<string[]> {
    const { from, to, newestFirst } = this.query;
    const [first, last] = [dayOf(from), dayOf(to - 1)];
    const days = new Set(filesBetween(this.manifest, first, last).map((path) => placeOf(path)?.day ?? ''));
    if (this.spooled) {
      const found = await this.connection.runAndReadAll('SELECT DISTINCT day FROM spooled');
      for (const [day] of found.getRows() as [string][]) days.add(day);
    }
    const sorted = [...days].sort();
    return newestFirst ? sorted.reverse() : sorted;
  }

  /** Event time of the newest request that a search can see, milliseconds since the epoch; 0 = there is none. */
  reachesTo(): number {
    let { newest } = this;
    for (const { last } of this.manifest.files.values()) newest = Math.max(newest, last);
    return newest;
  }

  /** Requests of one day in the query's order, many at a time. The first `skip` are left out; `limit`: at most so many. */
  async *day(
    day: string,
    { skip = 0, limit }: { skip?: number; limit?: number | undefined } = {},
  ): AsyncGenerator<FoundRequest[]> {
    yield* this.steadily(() => this.rows(day, skip, limit));
  }

  /** Puts everything found into the temporary table `name`, in the query's order; `limit`: at most so much. Returns how much. */
  async intoTable(name: string, limit: number | undefined): Promise<number> {
    let count = 0;
    for await (const rows of this.steadily(() => this.tableRows(name, limit))) count = rows;
    return count;
  }

  /** What `begin` gives, begun again with what is committed then while files go away under it and nothing was given yet. */
  async *steadily<T>(begin: () => AsyncGenerator<T>): AsyncGenerator<T> {
    for (let attempt = 1; ; attempt++) {
      let given = false;
      try {
        for await (const one of begin()) {
          given = true;
          yield one;
        }
        return;
      } catch (error) {
        if (given || attempt === TRIES || !isGone(error)) throw error;
        await this.look();
      }
    }
  }

  /** SQL of all requests of some UTC days (YYYY-MM-DD, both included); default of all. */
  relation(from = '', to = '\uffff'): string {
    const sealed = requestsOf(this.root, filesBetween(this.manifest, from, to));
    if (!this.spooled) return sealed;
    return `${sealed} UNION ALL SELECT ${COLUMNS.join(', ')} FROM spooled WHERE day BETWEEN ${literal(from)} AND ${literal(to)}`;
  }

  /** The query's condition on a relation, with the addresses of its network picked. */
  async condition(relation: string): Promise<Wanted> {
    const { query } = this;
    const condition = conditionOf(query);
    if (isExact(query)) return condition;
    const found = await this.connection.runAndReadAll(
      `SELECT DISTINCT ip FROM (${relation}) WHERE ${condition.sql}`,
      condition.values,
    );
    const wanted = (found.getRows() as [string | null][]).filter(([ip]) => isWanted(query, ip)).flat();
    await this.connection.run('CREATE OR REPLACE TEMP TABLE wanted_ips (ip VARCHAR)');
    const appender = await this.connection.createAppender('wanted_ips');
    for (const ip of wanted) {
      appender.appendVarchar(ip as string);
      appender.endRow();
    }
    appender.closeSync();
    return { ...condition, sql: `${condition.sql} AND ip IN (SELECT ip FROM wanted_ips)` };
  }

  private async *tableRows(name: string, limit: number | undefined): AsyncGenerator<number> {
    const relation = this.relation();
    const { sql, values } = await this.condition(relation);
    await this.connection.run(
      `CREATE OR REPLACE TEMP TABLE ${name} AS SELECT * FROM (${relation}) WHERE ${sql}
       ORDER BY ${orderOf(this.query)} ${limit === undefined ? '' : `LIMIT ${limit}`}`,
      values,
    );
    const counted = await this.connection.runAndReadAll(`SELECT count(*)::DOUBLE FROM ${name}`);
    yield counted.getRows()[0][0] as number;
  }

  private async *rows(day: string, skip: number, limit: number | undefined): AsyncGenerator<FoundRequest[]> {
    const { query } = this;
    const relation = this.relation(day, day);
    const { sql, values } = await this.condition(relation);
    const page = limit === undefined ? '' : `LIMIT ${limit}`;
    const result = await this.connection.stream(
      `SELECT epoch_ms(time)::DOUBLE, key_id, tenant_id, method, endpoint, status, ip,
         round(duration_ms::DOUBLE, 3), response_bytes, user_agent, request_id
       FROM (${relation}) WHERE ${sql} ORDER BY ${orderOf(query)} ${page} OFFSET ${skip}`,
      values,
    );
    for (;;) {
      const chunk = await result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) return;
      yield chunk
        .getRows()
        .map((cells) => Object.fromEntries(COLUMNS.map((name, i) => [name, cells[i]]))) as never;
    }
  }

  /** Takes in what is committed now. The store first: a segment it still names may be sealed meanwhile, not the other way. */
  private async look(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const segments = this.segments();
      this.manifest = followManifest(this.root);
      const unsealed = segments
        .filter(({ segment }) => !this.manifest.segments.has(segment))
        .map(({ segment, length }) => ({ path: spoolFile(this.root, segment), length }))
        // One that stays away is lost, which the exporter says; the others can still be searched.
        .filter(({ path }) => attempt < TRIES || existsSync(path));
      try {
        this.spooled = unsealed.length > 0;
        this.newest = await loadSpool(this.connection, 'spooled', unsealed, conditionOf(this.query));
        return;
      } catch (error) {
        if (attempt > TRIES || !isGone(error)) throw error;
      }
    }
  }

  private segments(): { segment: number; length: number }[] {
    if (!existsSync(this.storePath)) return [];
    const store = openStoreForReading(this.storePath);
    try {
      return store.segments();
    } finally {
      store.close();
    }
  }
}

/** A file went away between being named and being opened. */
const isGone = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException).code === 'ENOENT' ||
  /No files found|No such file|Cannot open file/.test((error as Error).message);
