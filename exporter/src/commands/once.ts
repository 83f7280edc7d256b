import { LineAccount } from '../ingest/line-account.ts';
import { ParseAhead } from '../ingest/parse-ahead.ts';
import { publicationParts } from '../ingest/publication-parts.ts';
import { quote } from '../ingest/rejection-reports.ts';
import { type KeyRegistry, registryOf } from '../keys/registry.ts';
import { ForeignContent } from '../log/content-form.ts';
import { SourceCounters } from '../log/counters.ts';
import { readToEnd } from '../log/read-to-end.ts';
import { Exposition } from '../metrics/exposition.ts';
import { Mirror } from '../metrics/mirror.ts';
import { readingText } from '../metrics/reading-text.ts';
import { explainRejection } from '../parse/explain.ts';
import { type LogRecord, REJECTIONS, type Rejection } from '../parse/log-record.ts';
import { Usage } from '../usage/usage.ts';
import { defaultFormat, type Settings } from './settings.ts';

const SOURCE = 'once';

/** A rejected line, and what more is known about it. */
interface Example {
  line: string;
  problem: string;
}

const UNREADABLE: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'is a directory; name the files in it',
  EACCES: 'may not be read by this user',
  Z_BUF_ERROR: 'the gzip file is cut off; only the lines before its end are counted',
  Z_DATA_ERROR: 'the gzip file is damaged; only the lines before the damage are counted',
  ZSTD_CUT_OFF: 'the zstd file is cut off; only the lines before its end are counted',
};
const DAMAGED_ZSTD = 'the zstd file is damaged; only the lines before the damage are counted';

/**
 * Reads files to their end without any store ('-' is standard input), writes the exposition to `out` and a
 * summary of rejected lines to `messages`. Returns the exit code: 1 when a file could not be read, else 0.
 */
export async function readOnce(
  paths: string[],
  { config, ingestion }: Settings,
  out: NodeJS.WritableStream,
  messages: NodeJS.WriteStream,
): Promise<number> {
  const registry = registryOf(ingestion);
  const usage = new Usage({ ...ingestion.usage, zeroHoldSeconds: 0, stored: false }, registry, Date.now);
  const counters = new SourceCounters();
  const format = defaultFormat(config);
  const examples = new Map<Rejection, Example>();
  const lead = new Lead(Date.now(), config.log.maxSkew);
  let path = '';
  const ahead = ParseAhead.where();
  const lines = new LineAccount(
    [{ name: SOURCE, format }],
    usage,
    counters,
    (_, reason, bytes, start, end, format) => {
      if (examples.has(reason)) return;
      const line = `${path}: ${quote(bytes, start, end)}`;
      examples.set(reason, { line, problem: explainRejection(format, reason, bytes, start, end) });
    },
    lead,
    ahead,
  );
  let failed = 0;
  for (const [id, name] of paths.entries()) {
    path = name;
    const options = { file: { id, source: SOURCE }, maxLineBytes: format.maxLineBytes, counters };
    try {
      await readToEnd(name, lines, { ...options, onProgress: progressOn(messages, name) });
    } catch (error) {
      failed++;
      const { code = '', message } = error as NodeJS.ErrnoException;
      const damaged = code.startsWith('ZSTD_') ? DAMAGED_ZSTD : undefined;
      const foreign = error instanceof ForeignContent ? message : undefined;
      const reason = foreign ?? UNREADABLE[code] ?? damaged ?? `cannot be read (${code || message})`;
      messages.write(`${name}: ${reason}\n`);
    }
  }
  void ahead?.close();
  usage.historyDone();
  lines.flush();
  for (const block of await expositionOf(usage, counters, registry)) out.write(block);
  summarise(counters, examples, messages);
  messages.write(lead.hint(config.log.timezone));
  return failed > 0 ? 1 : 0;
}

/** How many of the requests are further ahead of the clock than clocks differ, and how far. */
class Lead {
  private readonly now: number;
  private readonly skewMs: number;
  private requests = 0;
  private early = 0;
  private furthestMs = 0;

  constructor(now: number, skewSeconds: number) {
    this.now = now;
    this.skewMs = 1000 * skewSeconds;
  }

  append({ timestampMs }: LogRecord): void {
    this.requests++;
    const leadMs = timestampMs - this.now;
    if (leadMs <= this.skewMs) return;
    this.early++;
    if (leadMs > this.furthestMs) this.furthestMs = leadMs;
  }

  hint(timezone: string): string {
    if (this.early === 0) return '';
    const ahead = `${count(this.early)} of ${count(this.requests)} requests are up to ${roughly(this.furthestMs)} ahead of the clock`;
    return timezone === ''
      ? `${ahead}; if the log writes local time, set log.timezone\n`
      : `${ahead}; check log.timezone (${timezone}) and the clocks\n`;
  }
}

/** `5 min`, `2 h`, `3 d`: a hint needs no more. */
function roughly(ms: number): string {
  const minutes = Math.ceil(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`;
}

async function expositionOf(
  usage: Usage,
  counters: SourceCounters,
  registry: KeyRegistry,
): Promise<Buffer[]> {
  const mirror = new Mirror();
  const exposition = new Exposition(
    mirror,
    () => registry,
    async (form) => readingText(mirror, form),
  );
  const now = Date.now() / 1000;
  const changes = usage.changes(now, Number.POSITIVE_INFINITY);
  usage.markCommitted();
  const status = {
    historyRead: true,
    recordedSince: 0,
    ready: true,
    sources: [],
    commits: 0,
    commitErrors: 0,
    commitError: '',
    lastCommit: 0,
    commitSeconds: [],
    series: usage.seriesUse(),
  };
  const facts = usage.facts(now, 0, true);
  for (const part of publicationParts(changes, facts, counters.changes(), status)) mirror.apply(part);
  return exposition.render('text');
}

function summarise(
  counters: SourceCounters,
  examples: Map<Rejection, Example>,
  messages: NodeJS.WriteStream,
): void {
  const rows = counters.changes();
  const total = rows.find((row) => row.counter === 'lines_total')?.value ?? 0;
  const rejected = rows.filter((row) => row.counter === 'lines_rejected_total');
  const sum = rejected.reduce((sum, row) => sum + row.value, 0);
  messages.write(`${count(total)} lines, ${count(sum)} rejected\n`);
  for (const { reason, value } of rejected.sort((a, b) => b.value - a.value)) {
    messages.write(`  ${reason}: ${count(value)} (${REJECTIONS[reason as Rejection]})\n`);
    const { line, problem } = examples.get(reason as Rejection) ?? { line: 'too long to show', problem: '' };
    messages.write(`    e.g. ${line}\n`);
    if (problem !== '') messages.write(`    ${problem}\n`);
  }
  for (const { reason, value } of rows.filter((row) => row.counter === 'fields_ignored_total'))
    messages.write(`  ${reason} unusable on ${count(value)} lines, which were counted without it\n`);
}

/** On a terminal only: a line that is written over again and again. */
function progressOn(messages: NodeJS.WriteStream, name: string): (done: number, total: number) => void {
  if (!messages.isTTY) return () => {};
  return (done, total) => {
    const share = total > 0 ? ` ${Math.floor((100 * done) / total)} %` : '';
    messages.write(`\r${name}: ${count(Math.round(done / 1e6))} MB${share}${done >= total ? '\n' : ''}`);
  };
}

/** With commas between thousands. Not toLocaleString: loading its tables takes longer than reading 10,000 lines. */
const count = (number: number): string => String(number).replace(/\B(?=(?:\d{3})+$)/g, ',');
