import type { FoundRequest } from './search.ts';
import { COLUMNS } from './spool-table.ts';

export type TextFormat = 'table' | 'jsonl' | 'csv';

/** How found requests are written as text: what comes first, and each request as a line. */
export interface TextForm {
  head: string;
  line(request: FoundRequest): string;
}

export const TEXT_FORMS: Record<TextFormat, TextForm> = {
  jsonl: { head: '', line: (request) => `${JSON.stringify({ ...request, time: iso(request.time) })}\n` },
  csv: {
    head: `${COLUMNS.join(',')}\n`,
    line: (request) =>
      `${COLUMNS.map((name) => csvCell(name === 'time' ? iso(request.time) : request[name])).join(',')}\n`,
  },
  table: {
    head: `${'TIME (UTC)'.padEnd(24)} STATUS METHOD  ${'IP'.padEnd(15)} ${'MS'.padStart(8)} ${'KEY'.padEnd(24)} ENDPOINT\n`,
    line: (request) =>
      `${[
        iso(request.time).padEnd(24),
        String(request.status).padEnd(6),
        plain(request.method).padEnd(7),
        plain(request.ip ?? '-').padEnd(15),
        (request.duration_ms === null ? '-' : request.duration_ms.toFixed(1)).padStart(8),
        plain(request.tenant_id === '' ? request.key_id : `${request.key_id} (${request.tenant_id})`).padEnd(
          24,
        ),
        plain(request.endpoint),
      ].join(' ')}\n`,
  },
};

const iso = (ms: number): string => new Date(ms).toISOString();

/** Text that cannot steer a terminal: control characters and those that turn the direction are written as \u…. */
const plain = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A cell that no spreadsheet takes for a formula: an apostrophe goes before one that begins like it. */
function csvCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
