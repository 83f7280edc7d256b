import type { SourceCounters } from '../log/counters.ts';
import type { FileRef, LineSink, LinesAhead } from '../log/sink.ts';
import { type CompiledFormat, compileFormat, createLineParser, type FormatOptions } from '../parse/format.ts';
import {
  ACCEPTED,
  BLANK,
  INCOMPLETE,
  type LineParser,
  LogRecord,
  OPTIONAL_FIELDS,
  type Outcome,
  type Rejection,
  rejectionName,
} from '../parse/log-record.ts';
import type { Usage } from '../usage/usage.ts';
import { ClockLead } from './clock-lead.ts';
import type { ParseAhead } from './parse-ahead.ts';

/** A line that was rejected, as the file holds it; the bytes are valid until the call returns. */
export type RejectionListener = (
  file: FileRef,
  reason: Rejection,
  bytes: Buffer,
  start: number,
  end: number,
  format: CompiledFormat,
) => void;

/** Who keeps accepted requests one by one. The record is reused for the next line. */
export interface RequestKeeper {
  append(record: LogRecord): void;
}

/** What is known of one source; plain numbers, because they move with every line. */
interface Tally {
  format: CompiledFormat;
  /** Its number among the sources. */
  number: number;
  lines: number;
  lastEvent: number;
  /** Event time of the newest request beyond the horizon since the last look; 0 = none. */
  beyond: number;
  /** Lines when last looked at. */
  looked: number;
  lead: ClockLead;
}

const EMPTY = Buffer.alloc(0);

/** Between reading and accounting: each line is parsed and counted, as a request or as a rejection. */
export class LineAccount implements LineSink {
  readonly ahead: LinesAhead | undefined;
  private readonly usage: Usage;
  private readonly counters: SourceCounters;
  private readonly onRejection: RejectionListener;
  private readonly keeper: RequestKeeper | undefined;
  private readonly parseAhead: ParseAhead | undefined;
  private readonly record = new LogRecord();
  private readonly parsers = new Map<number, LineParser>();
  private readonly tallies = new Map<string, Tally>();
  /** The file the last line came from, and what belongs to it: lines of one file come in long runs. */
  private file: FileRef | undefined;
  private parser!: LineParser;
  private tally!: Tally;
  /** Events later than this (seconds since the epoch) do not count as a source's newest. */
  horizon = Number.POSITIVE_INFINITY;

  constructor(
    sources: { name: string; format: FormatOptions }[],
    usage: Usage,
    counters: SourceCounters,
    onRejection: RejectionListener = () => {},
    keeper?: RequestKeeper,
    parseAhead?: ParseAhead,
  ) {
    this.usage = usage;
    this.counters = counters;
    this.onRejection = onRejection;
    this.keeper = keeper;
    this.parseAhead = parseAhead;
    this.ahead = parseAhead && this.linesOf(parseAhead);
    this.reconfigure(sources);
  }

  /** New formats hold from the next line of each file on. */
  reconfigure(sources: { name: string; format: FormatOptions }[]): void {
    this.parsers.clear();
    this.file = undefined;
    for (const [number, { name, format }] of sources.entries()) {
      const known = this.tallies.get(name) ?? {
        lines: 0,
        lastEvent: 0,
        beyond: 0,
        looked: 0,
        lead: new ClockLead(),
      };
      this.tallies.set(name, { ...known, format: compileFormat(format), number });
    }
    this.parseAhead?.reconfigure(sources.map(({ format }) => format));
  }

  line(file: FileRef, bytes: Buffer, start: number, end: number): boolean {
    const outcome = this.take(file, bytes, start, end);
    if (outcome > 0) this.reject(file, rejectionName(outcome), bytes, start, end);
    return outcome !== INCOMPLETE;
  }

  lastLine(file: FileRef, bytes: Buffer, start: number, end: number): void {
    const outcome = this.take(file, bytes, start, end);
    if (outcome > 0) this.reject(file, 'partial', bytes, start, end);
  }

  tooLong(file: FileRef, bytes: Buffer, start: number, end: number): void {
    const { format } = this.tallies.get(file.source) as Tally;
    this.onRejection(file, 'too_long', bytes, start, end, format);
  }

  /** Records of which the last part never came are rejected as partial. */
  finished(file: FileRef): void {
    for (const parts of this.parsers.get(file.id)?.unfinished() ?? []) {
      if (file !== this.file) this.turnTo(file);
      this.tally.lines++;
      this.reject(file, 'partial', parts, 0, parts.length);
    }
    this.parsers.delete(file.id);
    this.file = undefined;
  }

  /** Event time of the newest request of a source, seconds since the epoch; 0 = none yet. */
  lastEvent(source: string): number {
    return this.tallies.get(source)?.lastEvent ?? 0;
  }

  /** How far the newest requests of a source were ahead of the clock when they were read, seconds; 0 = they were not. */
  lead(source: string, now: number): number {
    return this.tallies.get(source)?.lead.at(now) ?? 0;
  }

  /** Measures how far what was just read is ahead of the clock. `now`: when it was read, seconds since the epoch. */
  look(now: number): void {
    for (const tally of this.tallies.values()) {
      if (tally.lines === tally.looked) continue;
      tally.lead.measure(Math.max(tally.beyond, tally.lastEvent) - now, now);
      // The source is not silent: its newest request came now, whatever time it names.
      if (tally.beyond > 0) tally.lastEvent = Math.max(tally.lastEvent, now);
      tally.beyond = 0;
      tally.looked = tally.lines;
    }
  }

  /** Adds the lines counted since the last call to the source counters; call it before a commit. */
  flush(): void {
    for (const [source, tally] of this.tallies) {
      if (tally.lines > 0) this.counters.add(source, 'lines_total', '', tally.lines);
      tally.lines = 0;
      tally.looked = 0;
    }
  }

  private take(file: FileRef, bytes: Buffer, start: number, end: number): Outcome {
    if (file !== this.file) this.turnTo(file);
    return this.count(file, this.parser.parse(bytes, start, end, this.record));
  }

  /** Counts the line that was read into the record. */
  private count(file: FileRef, outcome: Outcome): Outcome {
    const { record, tally } = this;
    // Parts of a record are counted as one line, with the last of them.
    if (outcome === BLANK || outcome === INCOMPLETE) return outcome;
    tally.lines++;
    if (outcome !== ACCEPTED) return outcome;
    this.usage.account(record);
    if (this.keeper !== undefined) this.keeper.append(record);
    const seconds = record.timestampMs / 1000;
    if (seconds > tally.lastEvent) {
      if (seconds <= this.horizon) tally.lastEvent = seconds;
      else if (seconds > tally.beyond) tally.beyond = seconds;
    }
    if (record.ignoredFields !== 0) this.countIgnored(file.source, record.ignoredFields);
    return outcome;
  }

  /** What the other thread parses comes to the same account. A wrapper joins records over lines, so it is not parsed ahead. */
  private linesOf(ahead: ParseAhead): LinesAhead {
    const { lines } = ahead;
    let bytes: Buffer = EMPTY;
    const each = (chunk: number, line: number): void => {
      const file = this.file!;
      const outcome = this.count(file, lines.read(chunk, line, bytes, this.record));
      if (outcome > 0)
        this.reject(file, rejectionName(outcome), bytes, lines.start(chunk, line), lines.end(chunk, line));
    };
    return {
      begin: (file, block, start, end, maxLineBytes) => {
        if (file !== this.file) this.turnTo(file);
        const { format, number } = this.tally;
        bytes = block;
        if (format.options.container === 'none')
          ahead.begin(block, start, end, number, this.parser, maxLineBytes);
      },
      get next() {
        return ahead.next;
      },
      take: () => ahead.take(each),
    };
  }

  private turnTo(file: FileRef): void {
    const tally = this.tallies.get(file.source);
    if (!tally) throw new Error(`no source is called ${file.source}`);
    let parser = this.parsers.get(file.id);
    if (!parser) {
      parser = createLineParser(tally.format, (outcome, bytes, start, end) => {
        tally.lines++;
        this.reject(file, rejectionName(outcome), bytes, start, end, tally.format);
      });
      this.parsers.set(file.id, parser);
    }
    this.file = file;
    this.parser = parser;
    this.tally = tally;
  }

  private reject(
    file: FileRef,
    reason: Rejection,
    bytes: Buffer,
    start: number,
    end: number,
    format = this.tally.format,
  ): void {
    this.counters.add(file.source, 'lines_rejected_total', reason, 1);
    this.onRejection(file, reason, bytes, start, end, format);
  }

  private countIgnored(source: string, ignored: number): void {
    OPTIONAL_FIELDS.forEach((field, bit) => {
      if (ignored & (1 << bit)) this.counters.add(source, 'fields_ignored_total', field, 1);
    });
  }
}
