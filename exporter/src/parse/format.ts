import { CombinedScanner } from './combined.ts';
import { CriWrapper, DockerWrapper, type Wrapper } from './container.ts';
import { type FieldName, FormatError, type LineScanner } from './fields.ts';
import { JsonScanner } from './json.ts';
import { LogfmtScanner } from './logfmt.ts';
import { type WantedFields, wantedFields } from './members.ts';
import { type Network, parseCidr } from './network.ts';
import { compilePattern, PatternScanner } from './pattern.ts';
import { ACCEPTED, type LineParser, type LogRecord, type Outcome } from './record.ts';
import { clearRecord, type Reading, RequestReader } from './request.ts';
import { Routes } from './routes.ts';
import { TimeZone } from './time-zone.ts';

export { DEFAULT_FIELDS, FIELD_NAMES, type FieldName, FormatError } from './fields.ts';

export const FORMATS = ['json', 'logfmt', 'combined', 'pattern'] as const;
export const CONTAINERS = ['none', 'cri', 'docker'] as const;

/** How the lines of a source are written; plain data. */
export interface FormatOptions {
  format: (typeof FORMATS)[number];
  /** What a container runtime wrapped around each line. */
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

/** A parser for one open file: it holds the first parts of a record that is split over lines. */
export function createLineParser(format: CompiledFormat): LineParser {
  const scanner = scannerOf(format);
  const reader = new RequestReader(scanner.values, format.routes, format.reading);
  const wrapper = wrapperOf(format.options);
  return wrapper ? new WrappedLineParser(scanner, reader, wrapper) : new PlainLineParser(scanner, reader);
}

function scannerOf({ options, wanted, pattern }: CompiledFormat): LineScanner {
  if (options.format === 'json') return new JsonScanner(wanted);
  if (options.format === 'logfmt') return new LogfmtScanner(wanted);
  if (options.format === 'combined') return new CombinedScanner();
  return new PatternScanner(pattern as RegExp);
}

function wrapperOf({ container, maxLineBytes }: FormatOptions): Wrapper | undefined {
  if (container === 'cri') return new CriWrapper(maxLineBytes);
  return container === 'docker' ? new DockerWrapper(maxLineBytes) : undefined;
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
    clearRecord(record);
    const outcome = this.scanner.scan(bytes, start, end);
    return outcome === ACCEPTED ? this.reader.read(bytes, record) : outcome;
  }

  parseToEnd(bytes: Buffer, start: number, limit: number, record: LogRecord): number {
    const end = this.scanner.scanToEnd?.(bytes, start, limit) ?? -1;
    if (end < 0) return -1;
    clearRecord(record);
    this.outcome = this.reader.read(bytes, record);
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

  constructor(scanner: LineScanner, reader: RequestReader, wrapper: Wrapper) {
    this.inner = new PlainLineParser(scanner, reader);
    this.wrapper = wrapper;
  }

  parse(bytes: Buffer, start: number, end: number, record: LogRecord): Outcome {
    const { wrapper } = this;
    const outcome = wrapper.peel(bytes, start, end);
    if (outcome === ACCEPTED) return this.inner.parse(wrapper.bytes, wrapper.start, wrapper.end, record);
    clearRecord(record);
    return outcome;
  }

  unfinished(): Buffer[] {
    return this.wrapper.unfinished?.() ?? [];
  }

  /** Where a wrapper ends is where its line does. */
  parseToEnd(): number {
    return -1;
  }
}
