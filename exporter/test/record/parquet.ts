import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { requestFile } from '../../src/record/layout.ts';
import { appendEntry, readManifest } from '../../src/record/manifest.ts';

/** A request as the archive has it; `at` in seconds since the epoch. */
export interface Archived {
  at: number;
  key: string;
  tenant?: string;
  method?: string;
  endpoint?: string;
  status?: number;
  ip?: string;
  durationMs?: number;
  bytes?: number;
  userAgent?: string;
}

/** Writes requests as the archive lays them out, a file a day. */
export async function writeArchive(root: string, requests: Archived[]): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`CREATE TABLE requests (time TIMESTAMP_MS, key_id VARCHAR, tenant_id VARCHAR, method VARCHAR,
    endpoint VARCHAR, status USMALLINT, ip VARCHAR, duration_ms FLOAT, response_bytes UINTEGER, user_agent VARCHAR,
    request_id VARCHAR)`);
  const values = requests.map((request) => {
    const {
      at,
      key,
      tenant = '',
      method = 'GET',
      endpoint = '/v1/contacts',
      status = 200,
      ...rest
    } = request;
    const { ip = '', durationMs, bytes, userAgent } = rest;
    const texts = [key, tenant, method, endpoint].map(quoted);
    return `(epoch_ms(${Math.round(at * 1000)}), ${texts}, ${status}, ${quoted(ip)}, ${durationMs ?? 'NULL'},
      ${bytes ?? 'NULL'}, ${userAgent === undefined ? 'NULL' : quoted(userAgent)}, NULL)`;
  });
  for (let from = 0; from < values.length; from += 1_000)
    await connection.run(`INSERT INTO requests VALUES ${values.slice(from, from + 1_000)}`);
  const days = new Set(requests.map(({ at }) => new Date(at * 1000).toISOString().slice(0, 10)));
  for (const day of days) {
    const path = requestFile('30', day, 'all');
    mkdirSync(dirname(join(root, path)), { recursive: true });
    await connection.run(`COPY (SELECT * FROM requests WHERE strftime(time, '%Y-%m-%d') = ${quoted(day)})
      TO ${quoted(join(root, path))} (FORMAT parquet, COMPRESSION zstd)`);
    const at = Date.parse(day);
    const file = { path, sha256: '0'.repeat(64), bytes: 0, rows: 0, first: at, last: at };
    const entry = { at: new Date(at).toISOString(), change: 'sealed' as const, added: [file], removed: [] };
    appendEntry(root, readManifest(root), entry);
  }
  connection.closeSync();
  instance.closeSync();
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
