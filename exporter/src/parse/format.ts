import { CombinedScanner } from './combined.ts';
import { ComposeWrapper } from './compose.ts';
import { CriWrapper, DockerWrapper } from './container.ts';
import { type FieldName, FormatError, type LineScanner } from './fields.ts';
import { JsonScanner } from './json.ts';
import {
  ACCEPTED,
  INCOMPLETE,
  type LineParser,
  type LogRecord,
  type Outcome,
  rejectionCode,
} from './log-record.ts';
import { LogfmtScanner } from './logfmt.ts';
import { type Network, parseCidr } from './network.ts';
import { forgetOriginals, originalsKept, restoreOriginals } from './original-bytes.ts';
import { compilePattern, PatternScanner } from './pattern.ts';
import { clearRecord, type Reading, RequestReader } from './request.ts';
import { Routes } from './routes.ts';
import { SyslogWrapper } from './syslog.ts';
import { TimeZone } from './time-zone.ts';
import { type WantedFields, wantedFields } from './wanted-fields.ts';
import type { Wrapper } from './wrapper.ts';

export { DEFAULT_FIELDS, FIELD_NAMES, type FieldName, FormatError } from './fields.ts';

export const FORMATS = ['json', 'logfmt', 'combined', 'vhost_combined', 'pattern'] as const;
export const CONTAINERS = ['none', 'cri', 'docker', 'syslog', 'compose'] as const;

const MALFORMED = rejectionCode('malformed');

/** How the lines of a source are written; plain data. */
export interface FormatOptions {
  format: (typeof FORMATS)[number];
  /** The wrapper around each line, by what put it there. */
  container: (typeof CONTAINERS)[number];
  /** What json and logfmt call the fields; DEFAULT_FIELDS is the start. The other formats have their own names. */
  fields: Record<FieldName, string>;
  /** The regular expression of format pattern, its groups named like the fields. */
  pattern?: string | undefined;
  /** Known routes, e.g. `GET /v1/contacts/{id}`; they win over the guessed template. */
  endpoints: readonly string[];
  /** IANA name of the zone of timestamps without offset; absent or '' = UTC. */
  timezone?: string | undefined;
  /** Networks of the proxies in a list of addresses; absent or empty = the private ones. */
  trustedProxies?: readonly string[] | undefined;
  /** Bound of a record joined from the parts a container runtime split it into. */
  maxLineBytes: number;
}

/** Format options that were found right, with what all parsers of a source can share. */
export interface CompiledFormat {
  readonly options: FormatOptions;
  readonly wanted: WantedFields;
  readonly routes: Routes;
  readonly pattern: RegExp | undefined;
  readonly reading: Reading;
}

/** Checks the options; throws FormatError, which names the option and the remedy. */
export function compileFormat(options: FormatOptions): CompiledFormat {
  if (!FORMATS.includes(options.format))
    throw new FormatError('format', `is not one of ${FORMATS.join(', ')}`);
  if (!CONTAINERS.includes(options.container))
    throw new FormatError('container', `is not one of ${CONTAINERS.join(', ')}`);
  if (!(Number.isInteger(options.maxLineBytes) && options.maxLineBytes > 0))
    throw new FormatError('maxLineBytes', 'is not a positive whole number of bytes');
  return {
    options,
    wanted: wantedFields(options.fields),
    routes: new Routes(options.endpoints),
    pattern: options.format === 'pattern' ? compilePattern(options.pattern) : undefined,
    reading: {
      zone: options.timezone ? new TimeZone(options.timezone) : undefined,
      trustedProxies: options.trustedProxies?.length ? networks(options.trustedProxies) : undefined,
    },
  };
}

const networks = (texts: readonly string[]): Network[] =>
  texts.map((text, i) => {
    const network = parseCidr(text);
    if (network) return network;
    throw new FormatError(
      `trustedProxies[${i}]`,
      `${JSON.stringify(text)} is no network; write for example 10.0.0.0/8, 2001:db8::/32 or a single address`,
    );
  });

/** Hears of a record that was given up while the line at hand was accepted: why, and its bytes. */
export type LostListener = (outcome: Outcome, bytes: Buffer, start: number, end: number) => void;

/** A parser for one open file: it holds the first parts of a record that is split over lines. */
export function createLineParser(format: CompiledFormat, onLost: LostListener = () => {}): LineParser {
  const scanner = scannerOf(format);
  const reader = new RequestReader(scanner.values, format.routes, format.reading);
  const wrapper = wrapperOf(format.options);
  const plain = new PlainLineParser(scanner, reader);
  return wrapper ? new WrappedLineParser(plain, wrapper, onLost) : plain;
}

export function scannerOf({ options, wanted, pattern }: CompiledFormat): LineScanner {
  if (options.format === 'json') return new JsonScanner(wanted);
  if (options.format === 'logfmt') return new LogfmtScanner(wanted);
  if (options.format === 'combined') return new CombinedScanner(false);
  if (options.format === 'vhost_combined') return new CombinedScanner(true);
  return new PatternScanner(pattern as RegExp);
}

export function wrapperOf({ container, maxLineBytes }: FormatOptions): Wrapper | undefined {
  if (container === 'cri') return new CriWrapper(maxLineBytes);
  if (container === 'docker') return new DockerWrapper(maxLineBytes);
  if (container === 'syslog') return new SyslogWrapper();
  return container === 'compose' ? new ComposeWrapper() : undefined;
}

class PlainLineParser implements LineParser {
  private readonly scanner: LineScanner;
  private readonly reader: RequestReader;
  outcome: Outcome = ACCEPTED;

  constructor(scanner: LineScanner, reader: RequestReader) {
    this.scanner = scanner;
    this.reader = reader;
  }

  parse(bytes: Buffer, start: number, end: number, record: LogRecord): Outcome {
    forgetOriginals();
    return this.parseInside(bytes, start, end, record);
  }

  /** The same inside a wrapper. A rejected line is left as it was. */
  parseInside(bytes: Buffer, start: number, end: number, record: LogRecord): Outcome {
    const kept = originalsKept();
    clearRecord(record);
    let outcome = this.scanner.scan(bytes, start, end);
    if (outcome === ACCEPTED) outcome = this.reader.read(bytes, record);
    if (outcome === MALFORMED && this.scanner.scanAgain) outcome = this.parseAgain(bytes, start, end, record);
    if (outcome > ACCEPTED) restoreOriginals(kept);
    return outcome;
  }

  private parseAgain(bytes: Buffer, start: number, end: number, record: LogRecord): Outcome {
    const scanned = this.scanner.scanAgain?.(bytes, start, end);
    if (scanned === ACCEPTED && this.reader.read(bytes, record) === ACCEPTED) return ACCEPTED;
    clearRecord(record);
    return MALFORMED;
  }

  parseToEnd(bytes: Buffer, start: number, limit: number, record: LogRecord): number {
    forgetOriginals();
    const end = this.scanner.scanToEnd?.(bytes, start, limit) ?? -1;
    if (end < 0) return -1;
    clearRecord(record);
    this.outcome = this.reader.read(bytes, record);
    if (this.outcome > ACCEPTED) restoreOriginals();
    return end;
  }

  unfinished(): Buffer[] {
    return [];
  }
}

class WrappedLineParser implements LineParser {
  private readonly inner: PlainLineParser;
  private readonly wrapper: Wrapper;
  readonly outcome = ACCEPTED;

  private readonly onLost: LostListener;

  constructor(inner: PlainLineParser, wrapper: Wrapper, onLost: LostListener) {
    this.inner = inner;
    this.wrapper = wrapper;
    this.onLost = onLost;
  }

  parse(bytes: Buffer, start: number, end: number, record: LogRecord): Outcome {
    const { wrapper } = this;
    forgetOriginals();
    let outcome = wrapper.peel(bytes, start, end);
    if (outcome === ACCEPTED) outcome = this.parsePeeled(record);
    else clearRecord(record);
    if (outcome > ACCEPTED) restoreOriginals();
    return outcome;
  }

  unfinished(): Buffer[] {
    return this.wrapper.unfinished?.() ?? [];
  }

  private parsePeeled(record: LogRecord): Outcome {
    const { inner, wrapper } = this;
    const { bytes, start, end } = wrapper;
    const outcome = inner.parseInside(bytes, start, end, record);
    if (outcome <= ACCEPTED) return outcome;
    while (wrapper.another()) {
      if (inner.parseInside(wrapper.bytes, wrapper.start, wrapper.end, record) !== ACCEPTED) continue;
      // What stands before it was joined from other records.
      if (wrapper.start > start) this.onLost(outcome, bytes, start, wrapper.start);
      return ACCEPTED;
    }
    clearRecord(record);
    return wrapper.keep() ? INCOMPLETE : outcome;
  }

  /** Where a wrapper ends is where its line does. */
  parseToEnd(): number {
    return -1;
  }
}
