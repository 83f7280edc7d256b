import { ForeignContent } from '../log/content-form.ts';
import type { OnFileError } from '../log/discovery.ts';
import { maskText } from '../parse/masking.ts';
import { throttle } from '../time/throttle.ts';
import type { IngestionOutput } from './ingestion-output.ts';

/** A failing file is retried every second. One report a minute is enough for a person. */
const INTERVAL_MS = 60_000;

/** Reports the first failing operation of each source and kind of error with its path and remedy, then at most one a minute. A file that is no lines of text fails once, so each is reported. */
export function fileErrorReports(output: IngestionOutput, clock: () => number): OnFileError {
  const due = throttle(INTERVAL_MS, clock);
  return (source, op, path, cause) => {
    if (cause instanceof ForeignContent) {
      const message = `log file ${maskText(path)} ${cause.message}`;
      output.report({ level: 'error', message, details: { source, op } });
      return;
    }
    const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
    if (!due(JSON.stringify([source, op, code]))) return;
    const reason = code === '' ? '' : ` (${code})`;
    const message = `log file ${maskText(path)}: ${op} failed${reason}, trying again; ${remedyFor(code)}`;
    output.report({ level: 'error', message, details: { source, op } });
  };
}

function remedyFor(code: string): string {
  if (/EACCES|EPERM/.test(code)) return 'let the exporter read the file, and read and enter its directory';
  if (/EMFILE|ENFILE/.test(code))
    return 'raise the limit of open files (ulimit -n, LimitNOFILE): each followed file is held open';
  if (code === '')
    return 'log.path must name regular, readable files; for a directory name the files in it, such as DIRECTORY/*.log';
  return 'see to its disk';
}
