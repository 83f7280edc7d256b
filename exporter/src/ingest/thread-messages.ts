import type { SegmentRow } from '../store/row-types.ts';
import type { IngestionSettings } from './ingestion-settings.ts';
import type { Publication } from './publication.ts';

/** What the thread needs to begin. */
export interface ThreadStart {
  storePath: string;
  settings: IngestionSettings;
}

export type ToThread =
  /** The first message. */
  | ({ type: 'start' } & ThreadStart)
  | { type: 'reconfigure'; settings: IngestionSettings }
  /** These segments of the archive's spool are in the archive. */
  | { type: 'sealed'; segments: number[] }
  /** Read what is pending until the deadline (milliseconds since the epoch), commit, end. */
  | { type: 'stop'; deadline: number };

export type FromThread =
  /** The store is open and its whole state was published. */
  | { type: 'opened' }
  | { type: 'publication'; publication: Publication }
  /** Segments of the archive's spool that may be sealed. */
  | { type: 'segments'; ready: SegmentRow[] }
  /** Something a person should read; text from the log is masked already. */
  | { type: 'problem'; problem: Report }
  | { type: 'stopped'; committed: boolean }
  /** The thread cannot go on; message names the cause and the remedy. */
  | { type: 'failed'; message: string };

export interface Report {
  level: 'warn' | 'error' | 'info';
  message: string;
  details: Record<string, string | number>;
}
