import { CAUGHT_UP_WITHIN, isAlive, isRead, isStale } from '../health/pipeline.ts';
import { LOSSES, type SourceCounterName } from '../log/counters.ts';
import { PATTERN_PROBLEMS } from '../log/patterns.ts';
import type { Mirror } from '../metrics/mirror.ts';
import { REJECTIONS } from '../parse/log-record.ts';
import { count, counted, span, tenths } from '../text/numbers.ts';

/** A larger share of rejected lines means that the log is not what the exporter takes it for. */
const REJECTED_SHARE = 0.001;
/** Clocks that are set by NTP never differ by so much. Seconds. */
const AHEAD_FROM = 60;

export type Concern = 'fine' | 'watch' | 'broken';

/** One thing to know about how lines get from the log to this page. */
export interface PipelineFact {
  name: string;
  text: string;
  /** Further words, for who asks; '' = none. */
  detail: string;
  concern: Concern;
}

/** True when every source was looked at lately and is read to its end, so that missing traffic means something. */
export function pipelineAlive({ status }: Mirror, ingesting: boolean, now: number): boolean {
  // What cannot be committed is not shown: last uses stand still.
  if (!ingesting || !status?.ready || status.commitError !== '') return false;
  return status.sources.every((source) => isAlive(source, now));
}

/** Reading, rejected lines, saving; unmatched patterns, lost bytes and overflow where there are any. `now` in seconds. */
export function pipelineFacts(mirror: Mirror, ingesting: boolean, now: number): PipelineFact[] {
  return [
    reading(mirror, ingesting, now),
    ...unmatched(mirror),
    rejected(mirror),
    saving(mirror, now),
    ...ahead(mirror),
    ...lost(mirror),
    ...journalGaps(mirror),
    ...overflow(mirror),
  ];
}

/** Sources whose requests name times that are yet to come: their log and this machine disagree about the time. */
function ahead({ status }: Mirror): PipelineFact[] {
  const leading = (status?.sources ?? [])
    .filter((source) => source.ahead > AHEAD_FROM)
    .sort((a, b) => b.ahead - a.ahead);
  if (leading.length === 0) return [];
  const text = leading.map((source) => `${source.source} is ${span(source.ahead)} ahead`).join(', ');
  const detail =
    'Its requests count when they are read. Set the clocks by NTP, or state the time zone of a log without offset.';
  return [{ name: 'Clock', text, detail, concern: 'watch' }];
}

function reading({ status }: Mirror, ingesting: boolean, now: number): PipelineFact {
  const fact = (concern: Concern, text: string, detail = ''): PipelineFact => ({
    name: 'Reading',
    text,
    detail,
    concern,
  });
  if (!ingesting)
    return fact('broken', 'stopped', 'The ingestion thread has ended; see the log of the exporter.');
  if (!status) return fact('watch', 'starting');
  const { sources } = status;
  const files = counted(
    sources.reduce((sum, source) => sum + source.filesOpen, 0),
    'open file',
  );
  const bytes = sources.reduce((sum, source) => sum + source.bytesBehind, 0);
  const seconds = Math.max(0, ...sources.map((source) => source.secondsBehind));
  const unlooked = sources.filter((source) => !isRead(source, now));
  const stale = sources.filter((source) => isStale(source, now));
  if (!status.ready) return fact('watch', `reading what was there at start, ${byteSize(bytes)} to go`, files);
  if (unlooked.length > 0)
    return fact(
      'broken',
      unlooked.every(({ lastLooked }) => lastLooked === 0)
        ? 'no log file read yet'
        : 'log not looked at for over a minute',
      unlooked.map(({ source }) => source).join(', '),
    );
  if (seconds > CAUGHT_UP_WITHIN) return fact('watch', `${span(seconds)} behind`, `${byteSize(bytes)} to go`);
  if (stale.length > 0) {
    const [{ source, lastEvent }] = stale;
    const since = lastEvent > 0 ? `for ${span(now - lastEvent)}` : 'yet';
    return fact(
      'broken',
      `no line from ${source} ${since}`,
      'This source is configured never to be silent so long.',
    );
  }
  return fact('fine', 'up to date', files);
}

/** Patterns that match no file, or files that cannot be read. */
function unmatched({ status }: Mirror): PipelineFact[] {
  const sources = status?.sources ?? [];
  const patterns = sources.flatMap((source) => source.patterns);
  const faulty = patterns.filter(({ problems }) => problems.length > 0);
  if (faulty.length === 0) return [];
  const blind = sources.some(
    ({ patterns }) => patterns.length > 0 && patterns.every(({ files }) => files === 0),
  );
  const empty = faulty.filter(({ files }) => files === 0).length;
  const text = empty > 0 ? `${counted(empty, 'pattern')} without a readable file` : 'not all readable';
  const detail = faulty
    .map(({ source, pattern, problems }) => {
      const causes = problems.map(({ cause, path }) => `${path}: ${PATTERN_PROBLEMS[cause]}`);
      return `${pattern} of source ${source} (${causes.join('; ')})`;
    })
    .join('; ');
  return [{ name: 'Log files', text, detail, concern: blind ? 'broken' : 'watch' }];
}

function rejected(mirror: Mirror): PipelineFact {
  const lines = total(mirror, 'lines_total');
  const byReason = [...totalsByReason(mirror, 'lines_rejected_total')].sort((a, b) => b[1] - a[1]);
  const sum = byReason.reduce((all, [, value]) => all + value, 0);
  return {
    name: 'Rejected lines',
    text: sum === 0 ? `none of ${count(lines)}` : `${count(sum)} of ${count(lines)}`,
    detail: byReason.map(([reason, n]) => `${count(n)} ${meaning(REJECTIONS, reason)}`).join('; '),
    concern: sum > REJECTED_SHARE * lines ? 'watch' : 'fine',
  };
}

function saving({ status }: Mirror, now: number): PipelineFact {
  const fact = { name: 'Saving', detail: '', concern: 'fine' as Concern };
  if (!status) return { ...fact, text: 'starting', concern: 'watch' };
  const last =
    status.lastCommit > 0 ? `last saved ${span(now - status.lastCommit)} ago` : 'nothing saved yet';
  const failures =
    status.commitErrors > 0 ? `${counted(status.commitErrors, 'failed attempt')} since start` : '';
  if (status.commitError === '') return { ...fact, text: last, detail: failures };
  return {
    ...fact,
    text: `failing, ${last}`,
    detail: `${status.commitError} (${failures})`,
    concern: 'broken',
  };
}

function lost(mirror: Mirror): PipelineFact[] {
  const byReason = [...totalsByReason(mirror, 'bytes_lost_total')];
  const bytes = byReason.reduce((sum, [, value]) => sum + value, 0);
  if (bytes === 0) return [];
  const detail = byReason.map(([reason, n]) => `${byteSize(n)}: ${meaning(LOSSES, reason)}`).join('; ');
  return [{ name: 'Lost before they were read', text: byteSize(bytes), detail, concern: 'watch' }];
}

function journalGaps(mirror: Mirror): PipelineFact[] {
  const gaps = total(mirror, 'journal_gaps_total');
  if (gaps === 0) return [];
  const detail = 'Entries may have been removed from the journal before they were read.';
  return [{ name: 'Gaps in the journal', text: counted(gaps, 'gap'), detail, concern: 'watch' }];
}

function overflow({ status }: Mirror): PipelineFact[] {
  const full = status?.series.filter(({ overflowed }) => overflowed > 0) ?? [];
  if (full.length === 0) return [];
  const most = Math.max(...full.map(({ overflowed }) => overflowed));
  const detail = full
    .map(({ metric, series, limit }) => `${metric}: ${count(series)} of ${count(limit)}`)
    .join('; ');
  return [
    { name: 'Over the limits', text: `${counted(most, 'request')} under “other”`, detail, concern: 'watch' },
  ];
}

function total(mirror: Mirror, counter: SourceCounterName): number {
  return [...totalsByReason(mirror, counter).values()].reduce((sum, value) => sum + value, 0);
}

function totalsByReason({ counters }: Mirror, counter: SourceCounterName): Map<string, number> {
  const totals = new Map<string, number>();
  for (const row of counters)
    if (row.counter === counter && row.value > 0)
      totals.set(row.reason, (totals.get(row.reason) ?? 0) + row.value);
  return totals;
}

const meaning = (meanings: Record<string, string>, reason: string): string =>
  Object.hasOwn(meanings, reason) ? meanings[reason] : reason;

/** 1,234,567 → "1.2 MB". */
function byteSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  for (; size >= 1000 && unit < units.length - 1; unit++) size /= 1000;
  return `${tenths(size)} ${units[unit]}`;
}
