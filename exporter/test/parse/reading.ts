import {
  compileFormat,
  createLineParser,
  DEFAULT_FIELDS,
  type FieldName,
  type FormatOptions,
} from '../../src/parse/format.ts';
import { formatIp } from '../../src/parse/ip.ts';
import {
  ACCEPTED,
  BLANK,
  INCOMPLETE,
  LogRecord,
  OPTIONAL_FIELDS,
  rejectionName,
} from '../../src/parse/log-record.ts';

type Options = Omit<Partial<FormatOptions>, 'fields'> & { fields?: Partial<Record<FieldName, string>> };

/** Format options: json without wrapper, except for what is given. */
export function formatOptions(options: Options = {}): FormatOptions {
  return {
    format: 'json',
    container: 'none',
    endpoints: [],
    maxLineBytes: 65536,
    ...options,
    fields: { ...DEFAULT_FIELDS, ...options.fields },
  };
}

/** A record as plain values; undefined = the line does not carry it. */
export interface Reading {
  outcome: string;
  timestampMs: number;
  status: number;
  durationSeconds: number | undefined;
  responseBytes: number | undefined;
  key: string | undefined;
  tenant: string | undefined;
  method: string | undefined;
  path: string | undefined;
  userAgent: string | undefined;
  requestId: string | undefined;
  template: string;
  listed: boolean;
  surface: string | undefined;
  ip: string;
  ignored: string[];
}

/** A parser that keeps its one record from line to line, as the exporter does. */
export function reader(options: Options = {}): (line: string | Uint8Array) => Reading {
  const parser = createLineParser(compileFormat(formatOptions(options)));
  const record = new LogRecord();
  return (line) => {
    // The line lies inside a block, between others.
    const bytes = Buffer.concat([
      Buffer.from('"}\n'),
      Buffer.from(line as string),
      Buffer.from('\n{"status":1'),
    ]);
    const outcome = parser.parse(bytes, 3, bytes.length - 12, record);
    return readingOf(outcome, record);
  };
}

function readingOf(outcome: number, record: LogRecord): Reading {
  const span = (start: number, end: number, bytes = record.bytes): string | undefined =>
    start < 0 ? undefined : bytes.toString('latin1', start, end);
  const number = (value: number): number | undefined => (Number.isNaN(value) ? undefined : value);
  return {
    outcome: outcomeName(outcome),
    timestampMs: record.timestampMs,
    status: record.status,
    durationSeconds: number(record.durationSeconds),
    responseBytes: number(record.responseBytes),
    key: span(record.keyStart, record.keyEnd, record.key),
    tenant: span(record.tenantStart, record.tenantEnd),
    method: span(record.methodStart, record.methodEnd),
    path: span(record.pathStart, record.pathEnd),
    userAgent: span(record.userAgentStart, record.userAgentEnd),
    requestId: span(record.requestIdStart, record.requestIdEnd),
    template: record.template.toString('latin1', 0, record.templateEnd),
    listed: record.templateListed,
    surface: span(record.surfaceStart, record.surfaceEnd, record.template),
    ip: formatIp(record.ipFamily, record.ip0, record.ip1, record.ip2, record.ip3),
    ignored: OPTIONAL_FIELDS.filter((_, bit) => record.ignoredFields & (1 << bit)),
  };
}

function outcomeName(outcome: number): string {
  if (outcome === ACCEPTED) return 'accepted';
  if (outcome === BLANK) return 'blank';
  return outcome === INCOMPLETE ? 'incomplete' : rejectionName(outcome);
}

/** A request in the default json form; undefined leaves a field out. */
export const request = (fields: Record<string, unknown> = {}): string =>
  JSON.stringify({ timestamp: '2026-05-04T10:11:12Z', endpoint: '/v1/contacts', status: 200, ...fields });

/** Runs of each property test; the long tests set more. */
export const RUNS = Number(process.env.ATENDER_TEST_RUNS ?? 1000);
