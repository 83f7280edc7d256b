import type { SegmentRow } from '../store/rows.ts';
import type { Publication } from './publication.ts';
import type { Problem } from './thread-messages.ts';

/** Where committed state and messages for people go. */
export interface Outlet {
  publish(publication: Publication): void;
  report(problem: Problem): void;
  /** Segments of the archive's spool that may be sealed, oldest first. */
  segments(ready: SegmentRow[]): void;
}
