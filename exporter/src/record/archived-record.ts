import { NO_KEY } from '../health/pseudo-keys.ts';
import { UNMATCHED } from '../keys/key.ts';
import { parseIp } from '../parse/ip.ts';
import { LogRecord } from '../parse/log-record.ts';
import { surfaceSpan } from '../parse/surface.ts';
import type { ArchivedRequests } from './archived-requests.ts';

/**
 * The requests of one UTC day (`2026-11-23`) in order of time, as parsing gave them but for key and tenant, which have
 * their names already; the record is reused.
 */
export async function* archivedRecords(archive: ArchivedRequests, day: string): AsyncGenerator<LogRecord> {
  const sql = `SELECT epoch_ms(time)::DOUBLE, coalesce(key_id, ''), coalesce(tenant_id, ''), coalesce(method, ''),
      endpoint, status::INTEGER, coalesce(ip, ''), duration_ms::DOUBLE, response_bytes::DOUBLE
    FROM requests WHERE time >= $1::TIMESTAMP AND time < $1::TIMESTAMP + INTERVAL 1 DAY ORDER BY time`;
  const record = new LogRecord();
  for await (const row of archive.rows(sql, [day])) {
    fill(record, row as Row);
    yield record;
  }
}

/**
 * A request of each key and tenant of all the days, in the order in which they first came: with the status 401 where all
 * of theirs have it. The record is reused.
 */
export async function* archivedKeys(archive: ArchivedRequests): AsyncGenerator<LogRecord> {
  const sql = `SELECT epoch_ms(min(time))::DOUBLE, coalesce(key_id, '') AS key, coalesce(tenant_id, '') AS tenant,
      coalesce(min(method), ''), min(endpoint), min(CASE status WHEN 401 THEN 401 ELSE 200 END)::INTEGER, '',
      NULL::DOUBLE, NULL::DOUBLE
    FROM requests GROUP BY key, tenant ORDER BY min(time)`;
  const record = new LogRecord();
  for await (const row of archive.rows(sql)) {
    fill(record, row as Row);
    yield record;
  }
}

type Row = [
  ms: number,
  key: string,
  tenant: string,
  method: string,
  endpoint: string,
  status: number,
  ip: string,
  durationMs: number | null,
  bytes: number | null,
];

function fill(
  record: LogRecord,
  [ms, key, tenant, method, endpoint, status, ip, durationMs, bytes]: Row,
): void {
  record.timestampMs = ms;
  record.status = status;
  record.durationSeconds = durationMs === null ? Number.NaN : durationMs / 1000;
  record.responseBytes = bytes ?? Number.NaN;
  record.named = true;
  record.key = Buffer.from(key === NO_KEY ? '' : key);
  record.keyStart = 0;
  record.keyEnd = record.key.length;
  const named = Buffer.from(method + tenant);
  const cut = Buffer.byteLength(method);
  record.bytes = named;
  record.methodStart = 0;
  record.methodEnd = cut;
  record.tenantStart = named.length > cut ? cut : -1;
  record.tenantEnd = named.length > cut ? named.length : -1;
  record.template = Buffer.from(endpoint === UNMATCHED ? '' : endpoint, 'latin1');
  record.templateEnd = record.template.length;
  record.templateListed = false;
  Object.assign(record, surfaceSpan(record.template));
  record.ipFamily = 0;
  const address = Buffer.from(ip);
  if (address.length > 0) parseIp(address, 0, address.length, record);
}
