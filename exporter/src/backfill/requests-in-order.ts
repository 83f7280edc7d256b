import { LinesInOrder } from '../log/in-order.ts';
import { compileFormat, createLineParser, type FormatOptions } from '../parse/format.ts';
import { ACCEPTED, INCOMPLETE, type LineParser, LogRecord } from '../parse/log-record.ts';

/** What was read; for progress and the summary. */
export interface Reading {
  bytes: number;
  requests: number;
  rejected: number;
}

/**
 * The requests of several files, merged by time: each file is taken to be in order, as logs are, and a request
 * that is late within its file comes late. The record is reused: it holds until the next one is asked for.
 */
export async function* requestsInOrder(
  paths: readonly string[],
  format: FormatOptions,
  reading: Reading = { bytes: 0, requests: 0, rejected: 0 },
): AsyncGenerator<LogRecord> {
  const files = paths.map((path) => new RequestsOfFile(path, format, reading));
  const open: RequestsOfFile[] = [];
  for (const file of files) if (await advanced(file)) open.push(file);
  while (open.length > 0) {
    let first = 0;
    for (let i = 1; i < open.length; i++)
      if (open[i].record.timestampMs < open[first].record.timestampMs) first = i;
    reading.requests++;
    yield open[first].record;
    if (!open[first].next() && !(await advanced(open[first]))) open.splice(first, 1);
  }
}

/** Goes to the file's next request; false when there is none. */
async function advanced(file: RequestsOfFile): Promise<boolean> {
  while (!file.next()) if (!(await file.more())) return false;
  return true;
}

class RequestsOfFile {
  readonly record = new LogRecord();
  private readonly lines: LinesInOrder;
  private readonly parser: LineParser;
  private readonly reading: Reading;

  constructor(path: string, format: FormatOptions, reading: Reading) {
    this.lines = new LinesInOrder(path, format.maxLineBytes);
    this.parser = createLineParser(compileFormat(format));
    this.reading = reading;
  }

  async more(): Promise<boolean> {
    const before = this.lines.bytesRead;
    const more = await this.lines.more().catch((error) => {
      // What unzipping throws, and reading a directory, names no file.
      throw Object.assign(error as Error, { path: this.lines.path });
    });
    this.reading.bytes += this.lines.bytesRead - before;
    return more;
  }

  /** Reads on to the next request of the block; false when the block has no more. */
  next(): boolean {
    for (let line = this.lines.next(); line; line = this.lines.next()) {
      const outcome = this.parser.parse(line.bytes, line.start, line.end, this.record);
      if (outcome === ACCEPTED) return true;
      if (outcome > 0 || (outcome === INCOMPLETE && line.last)) this.reading.rejected++;
    }
    return false;
  }
}
