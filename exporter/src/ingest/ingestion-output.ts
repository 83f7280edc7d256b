import type { SegmentRow } from '../store/row-types.ts';
import type { Publication } from './publication.ts';
import type { Report } from './thread-messages.ts';

/** Where committed state and messages for people go. */
export interface IngestionOutput {
  publish(publication: Publication): void;
  report(problem: Report): void;
  /** Segments of the archive's spool that may be sealed, oldest first. */
  segments(ready: SegmentRow[]): void;
}
