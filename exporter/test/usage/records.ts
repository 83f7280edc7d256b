import { parseIp } from '../../src/parse/ip.ts';
import { LogRecord } from '../../src/parse/log-record.ts';

/** A request as plain values; what is left out is absent on the line. */
export interface Request {
  /** Seconds since the epoch. */
  at?: number;
  key?: string | Buffer;
  tenant?: string | Buffer;
  method?: string;
  template?: string;
  /** The template is of a configured route. */
  listed?: boolean;
  status?: number;
  ip?: string;
  seconds?: number;
  bytes?: number;
}

/** The request as the parse room hands it over. */
export function recordOf(request: Request): LogRecord {
  const { at = 0, key = '', tenant = '', method = 'GET', template = '/v1/contacts', status = 200 } = request;
  const record = new LogRecord();
  record.timestampMs = at * 1000;
  record.status = status;
  record.durationSeconds = request.seconds ?? Number.NaN;
  record.responseBytes = request.bytes ?? Number.NaN;
  record.key = Buffer.from(key);
  record.keyStart = 0;
  record.keyEnd = record.key.length;
  const tenantBytes = Buffer.from(tenant);
  record.bytes = Buffer.concat([Buffer.from(method), tenantBytes]);
  record.methodStart = 0;
  record.methodEnd = method.length;
  if (tenantBytes.length > 0) {
    record.tenantStart = method.length;
    record.tenantEnd = record.bytes.length;
  }
  record.template = Buffer.from(template);
  record.templateEnd = record.template.length;
  record.templateListed = request.listed ?? false;
  const surface = /^\/v\d+\/([^/]+)/.exec(template);
  if (surface) {
    record.surfaceEnd = surface[0].length;
    record.surfaceStart = record.surfaceEnd - surface[1].length;
  }
  const ip = Buffer.from(request.ip ?? '');
  if (ip.length > 0 && !parseIp(ip, 0, ip.length, record)) throw new Error(`no address: ${request.ip}`);
  return record;
}
