import { explainRejection } from '../parse/explain.ts';
import { REJECTIONS } from '../parse/log-record.ts';
import { maskEscapedText } from '../parse/masking.ts';
import { withoutSecrets } from '../parse/secrets.ts';
import { terminalText } from '../text/terminal-text.ts';
import { throttle } from '../time/throttle.ts';
import type { IngestionOutput } from './ingestion-output.ts';
import type { RejectionListener } from './line-account.ts';

/** A person needs one example a reason, not a copy of the log. */
const INTERVAL_MS = 60_000;
const QUOTED_CHARACTERS = 200;

/** Reports the first rejected line of each source and reason, then at most one a minute of them. */
export function rejectionReports(output: IngestionOutput, clock: () => number): RejectionListener {
  const due = throttle(INTERVAL_MS, clock);
  return (file, reason, bytes, start, end, format) => {
    if (!due(JSON.stringify([file.source, reason]))) return;
    const problem = explainRejection(format, reason, bytes, start, end) || REJECTIONS[reason];
    const details = { source: file.source, reason, problem, line: quote(bytes, start, end) };
    output.report({ level: 'warn', message: 'line rejected', details });
  };
}

/**
 * The beginning of a line as the file holds it. Raw keys are masked, also those written with escapes; secrets by shape
 * are `:secret`; control characters are visible.
 */
export function quote(bytes: Buffer, start: number, end: number): string {
  // A key cut at the end would escape the mask, so more is masked than is shown.
  const text = bytes.toString('utf8', start, Math.min(end, start + 4 * QUOTED_CHARACTERS));
  return terminalText(withoutSecrets(maskEscapedText(text)).slice(0, QUOTED_CHARACTERS));
}
