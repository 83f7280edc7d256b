import { readFileSync } from 'node:fs';
import type { KeyEntry } from '../../src/keys/key.ts';
import { KeyRegistry } from '../../src/keys/registry.ts';
import { compileFormat, createLineParser } from '../../src/parse/format.ts';
import { ACCEPTED, LogRecord } from '../../src/parse/log-record.ts';
import { manifestFile } from '../../src/record/layout.ts';
import type { ManifestEntry } from '../../src/record/manifest.ts';
import { Spool } from '../../src/record/spool.ts';
import { type KeyRetention, upkeep } from '../../src/record/upkeep.ts';
import { requestLine } from '../log-lines.ts';
import { formatOptions } from '../parse/reading.ts';

const format = compileFormat(formatOptions());

export type Request = Record<string, unknown>;

/** Appends a request as an exporter does. */
export function appendTo(spool: Spool, request: Request): void {
  const record = new LogRecord();
  const line = Buffer.from(requestLine(request));
  if (createLineParser(format).parse(line, 0, line.length - 1, record) !== ACCEPTED)
    throw new Error(`rejected: ${line}`);
  spool.append(record);
}

/** Writes requests to a spool of their own, committed. Returns the closed segment. */
export function spooled(
  root: string,
  requests: Request[],
  entries: KeyEntry[] = [],
): { segment: number; length: number } {
  const registry = new KeyRegistry(entries);
  // No time passes until a segment is old enough to be closed: it is at once.
  const spool = new Spool({ path: root, sealEvery: 0 }, waiting, registry, Date.now);
  for (const request of requests) appendTo(spool, request);
  const { put } = spool.changes();
  spool.markCommitted();
  spool.close();
  if (put.length !== 1) throw new Error(`${put.length} segments`);
  return put[0];
}

/** What else lies in the spool would be cleared away as never committed: tests make one segment at a time. */
const waiting: never[] = [];

/** The lines of an archive's manifest. */
export const linesOf = (root: string): ManifestEntry[] =>
  readFileSync(manifestFile(root), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ManifestEntry);

/** Seals requests as of `now` (milliseconds), and does whatever else is due then. */
export async function kept(
  root: string,
  now: number,
  requests: Request[] = [],
  { entries = [], keys = [] }: { entries?: KeyEntry[]; keys?: KeyRetention[] } = {},
): Promise<string[]> {
  const problems: string[] = [];
  const segments = requests.length > 0 ? [spooled(root, requests, entries)] : [];
  const onProblem = (message: string): void => void problems.push(message);
  await upkeep({ root, segments, keys, now, onProblem });
  return problems;
}
