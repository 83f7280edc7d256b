import { csvLine } from '../text/csv.ts';
import { terminalText } from '../text/terminal-text.ts';
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
    head: csvLine(COLUMNS),
    line: (request) => csvLine(COLUMNS.map((name) => (name === 'time' ? iso(request.time) : request[name]))),
  },
  table: {
    head: `${'TIME (UTC)'.padEnd(24)} STATUS METHOD  ${'IP'.padEnd(15)} ${'MS'.padStart(8)} ${'KEY'.padEnd(24)} ENDPOINT\n`,
    line: (request) =>
      `${[
        iso(request.time).padEnd(24),
        String(request.status).padEnd(6),
        terminalText(request.method).padEnd(7),
        terminalText(request.ip ?? '-').padEnd(15),
        (request.duration_ms === null ? '-' : request.duration_ms.toFixed(1)).padStart(8),
        terminalText(
          request.tenant_id === '' ? request.key_id : `${request.key_id} (${request.tenant_id})`,
        ).padEnd(24),
        terminalText(request.endpoint),
      ].join(' ')}\n`,
  },
};

/** A line as a terminal may have it: one line, and nothing in it is obeyed. */
export const onTerminal = (line: string): string => `${terminalText(line.replace(/\r?\n$/, ''))}\n`;

const iso = (ms: number): string => new Date(ms).toISOString();
