import { audit } from './audit.ts';
import { exporter } from './exporter.ts';
import { keyUsage } from './key-usage.ts';
import { longTerm } from './long-term.ts';
import { overview } from './overview.ts';
import { review } from './review.ts';
import { rotationSecurity } from './rotation-security.ts';

/**
 * Every dashboard as file name and classic JSON, for file provisioning. Dashboards under `record/` query the API of the
 * exporter instead of Prometheus.
 */
export function dashboards(): [file: string, text: string][] {
  const live = [overview, keyUsage, rotationSecurity, exporter].map((builder) => builder.build());
  const record = [longTerm, audit, review].map((builder) => builder.build());
  return [
    ...live.map((board): [string, string] => [`${board.uid}.json`, text(board)]),
    ...record.map((board): [string, string] => [`record/${board.uid}.json`, text(board)]),
  ];
}

const text = (board: object): string => `${JSON.stringify(board, null, 2)}\n`;
