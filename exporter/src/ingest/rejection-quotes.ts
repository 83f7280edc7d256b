import { terminalText } from '../markup/terminal-text.ts';
import { maskText } from '../parse/masking.ts';
import { withoutSecrets } from '../parse/secrets.ts';
import type { Outlet } from './ingestion.ts';
import type { RejectionListener } from './line-account.ts';

/** A person needs one example a reason, not a copy of the log. */
const QUIET_MS = 60_000;
const QUOTED_CHARACTERS = 200;

/** Reports the first rejected line of each source and reason, then at most one a minute of them. */
export function rejectionQuotes(outlet: Outlet, clock: () => number): RejectionListener {
  const quietUntil = new Map<string, number>();
  return (file, reason, bytes, start, end) => {
    const kind = JSON.stringify([file.source, reason]);
    const now = clock();
    if (now < (quietUntil.get(kind) ?? 0)) return;
    quietUntil.set(kind, now + QUIET_MS);
    const details = { source: file.source, reason, line: quote(bytes, start, end) };
    outlet.report({ level: 'warn', message: 'line rejected', details });
  };
}

/**
 * The beginning of a line as it may be shown: raw keys masked, also those written with JSON's \u escapes,
 * secrets by shape as `:secret`, and control characters made visible.
 */
export function quote(bytes: Buffer, start: number, end: number): string {
  // A key cut at the end would escape the mask, so more is masked than is shown.
  const text = bytes.toString('utf8', start, Math.min(end, start + 4 * QUOTED_CHARACTERS));
  const plain = text.replace(/\\+u([0-9a-fA-F]{4})/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return terminalText(withoutSecrets(maskText(plain)).slice(0, QUOTED_CHARACTERS));
}
