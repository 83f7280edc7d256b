import { isAscii } from 'node:buffer';
import type { DuckDBAppender, DuckDBDataChunk } from '@duckdb/node-api';
import { formatIp } from '../parse/ip.ts';
import type { DuckDBConnection } from './duckdb.ts';
import { BLOCK_ROWS, type Columns, NONE } from './spool-format.ts';
import { readSpool, type SpoolContents } from './spool-reader.ts';

/** Requests as the spool has them: names by their numbers, absent values still as what stands for them. */
const LINES = `CREATE OR REPLACE TEMP TABLE spooled_lines (
  ms DOUBLE, identity UINTEGER, endpoint UINTEGER, agent UINTEGER, ip UINTEGER, status USMALLINT,
  duration FLOAT, bytes UINTEGER, id VARCHAR)`;

/** The archive's columns, in their order; every file and every query has these. */
export const COLUMNS = [
  'time',
  'key_id',
  'tenant_id',
  'method',
  'endpoint',
  'status',
  'ip',
  'duration_ms',
  'response_bytes',
  'user_agent',
  'request_id',
] as const;

const JOINED = `SELECT t.time::TIMESTAMP_MS AS time, i.key_id, i.tenant_id, e.method, e.endpoint, status, a.ip,
  CASE WHEN isnan(duration) THEN NULL ELSE duration END AS duration_ms, nullif(bytes, ${NONE}) AS response_bytes,
  u.user_agent, nullif(id, '') AS request_id, i.retention, strftime(t.time, '%Y-%m-%d') AS day
  FROM (SELECT *, make_timestamp(ms::BIGINT * 1000) AS time FROM spooled_lines) t
  JOIN spooled_identities i ON t.identity = i.n JOIN spooled_endpoints e ON t.endpoint = e.n
  LEFT JOIN spooled_ips a ON t.ip = a.n LEFT JOIN spooled_agents u ON t.agent = u.n`;

/** Which rows are wanted, as a condition on COLUMNS. */
export interface Wanted {
  sql: string;
  values: (string | number)[];
}

/**
 * Reads segments of the spool into the temporary table `name` with the archive's COLUMNS and, behind them,
 * `retention` and `day`; `wanted`: only those rows. Returns the newest event time in the segments, milliseconds since
 * the epoch, 0 = none. Throws when a file is not what was committed.
 */
export async function loadSpool(
  connection: DuckDBConnection,
  name: string,
  segments: { path: string; length: number }[],
  wanted: Wanted = { sql: 'true', values: [] },
): Promise<number> {
  let newest = 0;
  for (const [i, { path, length }] of segments.entries()) {
    newest = Math.max(newest, await loadSegment(connection, path, length));
    const into = i === 0 ? `CREATE OR REPLACE TEMP TABLE ${name} AS` : `INSERT INTO ${name}`;
    await connection.run(`${into} SELECT * FROM (${JOINED}) WHERE ${wanted.sql}`, wanted.values);
    await connection.run('DROP TABLE spooled_lines');
  }
  return newest;
}

async function loadSegment(connection: DuckDBConnection, path: string, length: number): Promise<number> {
  await connection.run(LINES);
  const ips = new Addresses();
  let names: SpoolContents = { identities: [], endpoints: [], agents: [] };
  let newest = 0;
  const blocks = await BlockAppender.open(connection);
  for (const block of readSpool(path, length)) {
    blocks.append(block.columns, block.rows, ips);
    names = block.names;
    for (const time of block.columns.time) if (time > newest) newest = time;
  }
  blocks.close();
  await nameTable(connection, 'spooled_identities', ['key_id', 'tenant_id', 'retention'], names.identities);
  await nameTable(connection, 'spooled_endpoints', ['method', 'endpoint'], names.endpoints);
  await nameTable(
    connection,
    'spooled_agents',
    ['user_agent'],
    names.agents.map((agent) => [agent]),
  );
  await nameTable(
    connection,
    'spooled_ips',
    ['ip'],
    ips.texts.map((text) => [text]),
  );
  return newest;
}

/** Blocks go over column by column; value by value takes some ten times as long. */
class BlockAppender {
  private readonly appender: DuckDBAppender;
  private readonly makeChunk: (rows: number) => DuckDBDataChunk;
  private readonly ip = new Uint32Array(BLOCK_ROWS);

  private constructor(appender: DuckDBAppender, makeChunk: (rows: number) => DuckDBDataChunk) {
    this.appender = appender;
    this.makeChunk = makeChunk;
  }

  static async open(connection: DuckDBConnection): Promise<BlockAppender> {
    const duckdb = await import('@duckdb/node-api');
    const { DOUBLE, UINTEGER, USMALLINT, FLOAT, VARCHAR } = duckdb;
    const types = [DOUBLE, UINTEGER, UINTEGER, UINTEGER, UINTEGER, USMALLINT, FLOAT, UINTEGER, VARCHAR];
    const appender = await connection.createAppender('spooled_lines');
    return new BlockAppender(appender, (rows) => duckdb.DuckDBDataChunk.create(types, rows));
  }

  append(columns: Columns, rows: number, ips: Addresses): void {
    const { ip } = this;
    const { family, ip0, ip1, ip2, ip3 } = columns;
    for (let i = 0; i < rows; i++) ip[i] = ips.numberOf(family[i], ip0[i], ip1[i], ip2[i], ip3[i]);
    const chunk = this.makeChunk(rows);
    const { time, identity, endpoint, agent, status, duration, bytes } = columns;
    const plain = [time, identity, endpoint, agent, ip, status, duration, bytes];
    for (const [i, values] of plain.entries()) fill(chunk, i, values, rows);
    const ids = chunk.getColumnVector(plain.length);
    for (const [i, id] of idsOf(columns, rows).entries()) ids.setItem(i, id);
    ids.flush();
    this.appender.appendDataChunk(chunk);
  }

  close(): void {
    this.appender.closeSync();
  }
}

type Values = Float64Array | Float32Array | Uint32Array | Uint16Array;

/** The vectors of fixed width hold their values in an array of the column's type. */
function fill(chunk: DuckDBDataChunk, column: number, values: Values, rows: number): void {
  const vector = chunk.getColumnVector(column);
  (vector as unknown as { items: Values }).items.set(values.subarray(0, rows));
  vector.flush();
}

/** Request ids, '' where there is none. Decoding them all at once takes a third of the time of one by one. */
function idsOf({ ids, idLength }: Columns, rows: number): string[] {
  const bytes = Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength);
  const whole = isAscii(bytes) ? bytes.toString('latin1') : undefined;
  const texts: string[] = [];
  for (let i = 0, from = 0; i < rows; i++) {
    const to = from + idLength[i];
    texts.push(whole?.slice(from, to) ?? bytes.toString('utf8', from, to));
    from = to;
  }
  return texts;
}

/** Numbers for addresses, in the order in which they come. */
class Addresses {
  readonly texts: string[] = [];
  private readonly known4 = new Map<number, number>();
  private readonly known6 = new Map<string, number>();

  numberOf(family: number, ip0: number, ip1: number, ip2: number, ip3: number): number {
    if (family === 0) return NONE;
    if (family === 4) return this.known4.get(ip3) ?? this.add(this.known4, ip3, formatIp(4, 0, 0, 0, ip3));
    const text = formatIp(6, ip0, ip1, ip2, ip3);
    return this.known6.get(text) ?? this.add(this.known6, text, text);
  }

  private add<K>(known: Map<K, number>, key: K, text: string): number {
    known.set(key, this.texts.length);
    return this.texts.push(text) - 1;
  }
}

/** A table of names by number. */
async function nameTable(
  connection: DuckDBConnection,
  name: string,
  columns: string[],
  rows: string[][],
): Promise<void> {
  const typed = columns.map((column) => `${column} VARCHAR`).join(', ');
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${name} (n UINTEGER, ${typed})`);
  const appender = await connection.createAppender(name);
  for (const [n, row] of rows.entries()) {
    appender.appendUInteger(n);
    for (const value of row) appender.appendVarchar(value);
    appender.endRow();
  }
  appender.closeSync();
}
