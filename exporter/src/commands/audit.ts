import { createWriteStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { registryOf } from '../keys/registry.ts';
import { ArchiveError } from '../record/archive-error.ts';
import { type DuckDBConnection, literal, openDuckdb } from '../record/duckdb.ts';
import { progressBar } from '../record/progress.ts';
import { ArchiveSearch, type FoundRequest } from '../record/search.ts';
import {
  coveringForm,
  onTerminal,
  TEXT_FORMS,
  type TextForm,
  type TextFormat,
} from '../record/search-output.ts';
import { parseQuery, type QueryText, type SearchQuery } from '../record/search-query.ts';
import { linesSince, readSigningKey, signatureOf, verifyArchive } from '../record/verify.ts';
import { coverageAt } from './coverage-of-store.ts';
import type { Settings } from './settings.ts';

export interface SearchFlags extends QueryText {
  limit?: string;
  format?: string;
  output?: string;
}

/** DuckDB beside a running exporter: enough for a day of some ten million requests, and no more. */
const LIMITS = { memory: 1_024, threads: 2 };
const FORMATS = ['table', 'jsonl', 'csv', 'parquet'];

/**
 * `audit search`: requests to `out`, messages for people to `messages`. Returns the exit code: 1 for a question or a
 * file that makes no sense.
 */
export async function auditSearch(
  flags: SearchFlags,
  settings: Settings,
  out: NodeJS.WriteStream,
  messages: NodeJS.WriteStream,
): Promise<number> {
  const { config, ingestion } = settings;
  const { output } = flags;
  const format = flags.format ?? (out.isTTY && output === undefined ? 'table' : 'jsonl');
  const root = resolve(config.record.path);
  const problem = problemWith(flags, format, root);
  if (problem !== undefined) return failed(messages, problem);
  const registry = registryOf(ingestion);
  let query: SearchQuery;
  try {
    query = parseQuery(flags, Date.now(), registry);
  } catch (error) {
    return failed(messages, `audit search: ${(error as Error).message}`);
  }
  const limit = flags.limit === undefined ? undefined : Number(flags.limit);
  const coverage = coverageAt(settings);
  if (!coverage.complete) messages.write(`${coverage.text}\n`);
  const directory = mkdtempSync(join(tmpdir(), 'atender-audit-'));
  const { connection, close } = await openDuckdb({ ...LIMITS, directory });
  try {
    const search = await ArchiveSearch.open(connection, root, config.store.path, query);
    const found =
      format === 'parquet'
        ? await toParquet(connection, search, limit, output as string)
        : await toText(
            search,
            limit,
            coverage.complete
              ? TEXT_FORMS[format as TextFormat]
              : coveringForm(format as TextFormat, coverage.instance),
            output,
            out,
            messages,
          );
    const reaches = search.reachesTo();
    messages.write(
      `${found > 0 || coverage.complete ? `${found.toLocaleString('en-US')} requests` : `no request in the archive of exporter ${coverage.instance}`}; ${reaches > 0 ? `the archive reaches to ${new Date(reaches).toISOString()}` : 'the archive is empty'}\n`,
    );
    return 0;
  } catch (error) {
    // Half of an answer must not be taken for all of it.
    if (output !== undefined && (error as NodeJS.ErrnoException).code !== 'EEXIST')
      rmSync(output, { force: true });
    return failed(messages, `audit search: ${new ArchiveError(error as Error).message}`);
  } finally {
    close();
    rmSync(directory, { recursive: true, force: true });
  }
}

export interface VerifyFlags {
  expect?: string;
  signKey?: string;
}

/** `audit verify`. Returns the exit code: 1 when the archive is not as it was written. */
export async function auditVerify(
  flags: VerifyFlags,
  { config }: Settings,
  out: NodeJS.WriteStream,
  messages: NodeJS.WriteStream,
): Promise<number> {
  const root = resolve(config.record.path);
  if (!existsSync(root)) return failed(messages, noArchive(root));
  let key: Buffer | undefined;
  try {
    key = flags.signKey === undefined ? undefined : readSigningKey(flags.signKey);
  } catch (error) {
    return failed(messages, `--sign-key: ${(error as Error).message}`);
  }
  const bar = progressBar(messages, 'verifying');
  const verified = await verifyArchive(root, bar.at).catch((error: Error) => error.message);
  bar.end();
  if (typeof verified === 'string')
    return failed(messages, `audit verify: ${root} cannot be read: ${verified}`);
  const { head, entries, files, rows, problems } = verified;
  const since = flags.expect === undefined ? 0 : linesSince(root, flags.expect, key);
  if (since === undefined)
    problems.unshift(
      `manifest: it has no line with the ${key ? 'hash or signature' : 'hash'} ${flags.expect}; it was rewritten, or its end was cut off: put back a copy of manifest.jsonl from before${key ? '' : ' (for a signature give --sign-key too)'}`,
    );
  for (const problem of problems) out.write(`${problem}\n`);
  out.write(`${entries} manifest lines, ${files} files, ${rows} requests: `);
  out.write(problems.length === 0 ? 'all as they were written\n' : `${problems.length} problems\n`);
  if (flags.expect !== undefined && since !== undefined)
    out.write(since === 0 ? 'the expected head is the head\n' : `the expected head is ${since} lines ago\n`);
  out.write(`head: ${head}\n`);
  if (key) out.write(`signature: ${signatureOf(head, key)}\n`);
  return problems.length === 0 ? 0 : 1;
}

function problemWith({ output, limit }: SearchFlags, format: string, root: string): string | undefined {
  if (!FORMATS.includes(format)) return `--format: write one of ${FORMATS.join(', ')}`;
  if (format === 'parquet' && output === undefined) return '--format parquet: name the file with --output';
  if (output !== undefined && existsSync(output))
    return `--output: ${output} exists; name another file or move it away`;
  if (output !== undefined && !existsSync(dirname(resolve(output))))
    return `--output: there is no directory ${dirname(resolve(output))}; make it, or name another file`;
  if (limit !== undefined && !/^[1-9]\d{0,11}$/.test(limit))
    return '--limit: write a whole number of requests from 1 on';
  return existsSync(root) ? undefined : noArchive(root);
}

const noArchive = (root: string): string =>
  `record.path: there is no archive at ${root}; name it with --record.path, or keep one with --record.archive on`;

async function toText(
  search: ArchiveSearch,
  limit: number | undefined,
  { head, line }: TextForm,
  output: string | undefined,
  out: NodeJS.WriteStream,
  messages: NodeJS.WriteStream,
): Promise<number> {
  const stream = output === undefined ? out : createWriteStream(output, { flags: 'wx', mode: 0o600 });
  const ended: { by?: NodeJS.ErrnoException } = {};
  stream.on('error', (error) => {
    ended.by ??= error;
  });
  const bar = progressBar(messages, 'searching');
  const shown = stream === out && out.isTTY ? (request: FoundRequest) => onTerminal(line(request)) : line;
  stream.write(head);
  let found = 0;
  const days = await search.days();
  for (const [i, day] of days.entries()) {
    bar.at(i, days.length);
    const left = limit === undefined ? undefined : limit - found;
    if (ended.by || left === 0) break;
    for await (const rows of search.day(day, { limit: left })) {
      bar.end();
      found += rows.length;
      if (!stream.write(rows.map(shown).join('')) && !ended.by) await drained(stream);
      if (ended.by) break;
    }
  }
  bar.end();
  if (stream !== out) await new Promise<void>((done) => void stream.end(() => done()));
  // A reader such as head that has enough ends the search; a full disk is an error.
  if (ended.by && ended.by.code !== 'EPIPE') throw ended.by;
  return found;
}

async function toParquet(
  connection: DuckDBConnection,
  search: ArchiveSearch,
  limit: number | undefined,
  output: string,
): Promise<number> {
  const found = await search.intoTable('found', limit);
  // Readable by nobody else, as the archive itself.
  process.umask(0o077);
  await connection.run(`COPY found TO ${literal(output)} (FORMAT parquet, COMPRESSION zstd)`);
  return found;
}

function failed(messages: NodeJS.WriteStream, problem: string): number {
  messages.write(`${problem}\n`);
  return 1;
}

/** Resolves when the stream takes more, or will never again. */
const drained = (stream: NodeJS.WritableStream): Promise<void> =>
  new Promise((resolve) => {
    const events = ['drain', 'close', 'error'];
    const done = (): void => {
      for (const event of events) stream.removeListener(event, done);
      resolve();
    };
    for (const event of events) stream.once(event, done);
  });
