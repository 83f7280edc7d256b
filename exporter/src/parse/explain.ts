import { FIELD, FIELD_NAMES, type FieldName } from './fields.ts';
import {
  CONTAINERS,
  type CompiledFormat,
  compileFormat,
  createLineParser,
  FORMATS,
  type FormatOptions,
  scannerOf,
  wrapperOf,
} from './format.ts';
import { ACCEPTED, LogRecord, type Rejection, rejectionName } from './log-record.ts';
import { clearRecord, RequestReader } from './request.ts';

/** More of a line is not looked at. */
const LONGEST = 65_536;

/**
 * Why a line was rejected, beyond what its reason says: the field as it is configured, or what to set so that the line
 * counts. '' = nothing more is known. The bytes are as the file holds them, and stay so. Made for messages: it parses
 * the line again, in every format.
 */
export function explainRejection(
  format: CompiledFormat,
  reason: Rejection,
  bytes: Buffer,
  start: number,
  end: number,
): string {
  const line = bytes.subarray(start, Math.min(end, start + LONGEST));
  if (reason === 'malformed' || reason === 'not_object' || reason === 'wrapper')
    return remedyFor(format.options, line) || looksOf(format.options, line);
  return faultyField(format, reason, Buffer.from(line));
}

function faultyField(format: CompiledFormat, reason: Rejection, line: Buffer): string {
  const wrapper = wrapperOf(format.options);
  if (wrapper && wrapper.peel(line, 0, line.length) !== ACCEPTED) return '';
  const [bytes, start, end] = wrapper ? [wrapper.bytes, wrapper.start, wrapper.end] : [line, 0, line.length];
  const scanner = scannerOf(format);
  if (scanner.scan(bytes, start, end) !== ACCEPTED) return '';
  const reader = new RequestReader(scanner.values, format.routes, format.reading);
  const record = new LogRecord();
  clearRecord(record);
  const outcome = reader.read(bytes, record);
  if (outcome <= ACCEPTED || rejectionName(outcome) !== reason || reader.faulty < 0) return '';
  const field = FIELD_NAMES[reader.faulty];
  const named = (name: FieldName): string => calledIn(format.options, name);
  if (reason === 'missing_field') {
    if (scanner.values.names(reader.faulty)) return `${named(field)} has no value`;
    return field === 'endpoint'
      ? `neither ${named('endpoint')} nor ${named('request')} is on the line`
      : `${named(field)} is absent`;
  }
  if (reason === 'wrong_type')
    return reader.faulty === FIELD.endpoint || reader.faulty === FIELD.request
      ? `${named(field)} is not text`
      : `${named(field)} is neither a number nor text`;
  return FAULTS[reason] === undefined ? '' : `${named(field)} ${FAULTS[reason]}`;
}

const FAULTS: Partial<Record<Rejection, string>> = {
  bad_timestamp: 'is in none of the known forms of time',
  bad_status: 'is neither a whole number from 100 to 599, nor 0, nor -',
  bad_endpoint: 'is neither a path, nor an absolute URL, nor *',
};

/** The field as the log calls it, and as the documentation does. */
function calledIn({ format, fields }: FormatOptions, field: FieldName): string {
  const name = format === 'json' || format === 'logfmt' ? fields[field] : field;
  return name === field ? `\`${name}\`` : `\`${name}\` (${field})`;
}

const WRAPPED_LIKE: Record<(typeof CONTAINERS)[number], string> = {
  none: 'the line has no such wrapper: set log.container to none',
  cri: 'the line looks like one of a Kubernetes node: set log.container to cri',
  docker: "the line looks like one of Docker's json-file driver: set log.container to docker",
  syslog: 'the line looks like a syslog prefix: set log.container to syslog',
  compose:
    'the line looks like a prefix of docker compose logs or kubectl logs: set log.container to compose',
};

/** What to set so that the line counts; '' = no other format or wrapper reads it. */
function remedyFor(options: FormatOptions, line: Buffer): string {
  const containers = CONTAINERS.filter((container) => container !== options.container);
  const formats = FORMATS.filter((format) => format !== options.format && format !== 'pattern');
  const reads = (changes: Partial<FormatOptions>): boolean => {
    const parser = createLineParser(compileFormat({ ...options, ...changes }));
    const record = new LogRecord();
    return parser.parse(Buffer.from(line), 0, line.length, record) === ACCEPTED;
  };
  for (const container of containers) if (reads({ container })) return WRAPPED_LIKE[container];
  for (const format of formats) if (reads({ format })) return formatRemedy(format);
  for (const container of containers)
    for (const format of formats)
      if (reads({ container, format })) return `${WRAPPED_LIKE[container]}, and ${formatRemedy(format)}`;
  return '';
}

function formatRemedy(format: (typeof FORMATS)[number]): string {
  if (format === 'vhost_combined') return 'the line starts with host:port: use format vhost_combined';
  return `the line is in another format: set log.format to ${format}`;
}

/** What a line of the web server's formats begins with that it should not. */
function looksOf(options: FormatOptions, line: Buffer): string {
  if (options.format !== 'combined' && options.format !== 'vhost_combined') return '';
  if (options.container === 'none')
    for (const container of ['syslog', 'compose'] as const)
      if (wrapperOf({ ...options, container })?.peel(Buffer.from(line), 0, line.length) === ACCEPTED)
        return WRAPPED_LIKE[container];
  const [before] = line.toString('latin1').split(/ \[\d\d\//, 1);
  if (before.length === line.length) return '';
  return 'before the time only host, ident and user may stand: write a user with spaces in quotes, or use format pattern';
}
