import { csvLine } from '../text/csv.ts';
import { count } from '../text/numbers.ts';
import { terminalText } from '../text/terminal-text.ts';
import type { UsageRow } from './usage-report.ts';

export const USAGE_FORMS = ['table', 'json', 'csv'] as const;
export type UsageForm = (typeof USAGE_FORMS)[number];

const NOTHING = '–';
const percent = (share: number | null): string =>
  share === null ? NOTHING : `${share > 0 ? '+' : ''}${(100 * share).toFixed(1)} %`;
const rate = (share: number | null): string => (share === null ? NOTHING : `${(100 * share).toFixed(2)} %`);
const ips = ({ details }: UsageRow): string =>
  details === null ? NOTHING : `${details.uniqueIps.approximate ? '~' : ''}${count(details.uniqueIps.count)}`;
const p95 = ({ details }: UsageRow): string =>
  details?.durations ? `~${Math.round(details.durations.p95 * 1000)} ms` : NOTHING;

/** Column title → its text for people. */
const COLUMNS: Record<string, (row: UsageRow) => string> = {
  Period: ({ period, whole }) => (whole ? period : `${period} *`),
  Requests: ({ requests }) => count(requests),
  'vs. previous': ({ previous }) => percent(previous.change),
  'vs. last year': ({ lastYear }) => percent(lastYear.change),
  Errors: ({ errorRate }) => rate(errorRate),
  '429s': ({ throttled }) => count(throttled),
  '5xx': ({ serverErrors }) => count(serverErrors),
  IPs: ips,
  p95,
  'Peak/min': ({ peakPerMinute }) => count(peakPerMinute),
  'Top endpoint': ({ details }) => {
    const top = details?.endpoints[0];
    return top ? terminalText(`${top.method} ${top.endpoint}`) : NOTHING;
  },
};

/** Columns under their titles, numbers to the right. */
export function usageTable(rows: UsageRow[]): string {
  const titles = Object.keys(COLUMNS);
  const lines = [titles, ...rows.map((row) => Object.values(COLUMNS).map((text) => text(row)))];
  const widths = titles.map((_, i) => Math.max(...lines.map((cells) => cells[i].length)));
  const isText = (i: number) => i === 0 || i === titles.length - 1;
  const text = lines.map((cells) =>
    cells.map((cell, i) => (isText(i) ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  );
  const notes = rows.some(({ whole }) => !whole)
    ? ['* not the whole period: compared with as many days of the other one']
    : [];
  return `${[...text, ...notes].map((line) => line.trimEnd()).join('\n')}\n`;
}

const CSV: Record<string, (row: UsageRow) => string | number> = {
  period: ({ period }) => period,
  from: ({ from }) => from,
  to: ({ to }) => to,
  whole: ({ whole }) => Number(whole),
  requests: ({ requests }) => requests,
  previous_requests: ({ previous }) => previous.requests ?? '',
  last_year_requests: ({ lastYear }) => lastYear.requests ?? '',
  client_errors: ({ clientErrors }) => clientErrors,
  server_errors: ({ serverErrors }) => serverErrors,
  unauthorized: ({ unauthorized }) => unauthorized,
  forbidden: ({ forbidden }) => forbidden,
  throttled: ({ throttled }) => throttled,
  bytes: ({ bytes }) => bytes,
  unique_ips: ({ details }) => details?.uniqueIps.count ?? '',
  unique_ips_approximate: ({ details }) => (details ? Number(details.uniqueIps.approximate) : ''),
  p50_seconds_approximate: ({ details }) => details?.durations?.p50 ?? '',
  p95_seconds_approximate: ({ details }) => details?.durations?.p95 ?? '',
  p99_seconds_approximate: ({ details }) => details?.durations?.p99 ?? '',
  peak_per_minute: ({ peakPerMinute }) => peakPerMinute,
  first: ({ first }) => first ?? '',
  last: ({ last }) => last ?? '',
};

export const usageCsv = (rows: UsageRow[]): string =>
  [
    csvLine(Object.keys(CSV)),
    ...rows.map((row) => csvLine(Object.values(CSV).map((value) => value(row)))),
  ].join('');
