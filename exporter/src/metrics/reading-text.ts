import type { SourceCounterName } from '../log/counters.ts';
import { type Format, family, label } from './exposition-text.ts';
import { type FamilyDefinition, SELF_FAMILIES } from './families.ts';
import type { Mirror } from './mirror.ts';

/** Which family shows which counter of the sources, and what its reason is called. */
const SOURCE_FAMILIES: Record<SourceCounterName, FamilyDefinition> = {
  lines_total: SELF_FAMILIES.lines,
  bytes_total: SELF_FAMILIES.bytes,
  lines_rejected_total: SELF_FAMILIES.rejected,
  fields_ignored_total: SELF_FAMILIES.ignored,
  bytes_lost_total: SELF_FAMILIES.lost,
  rotations_total: SELF_FAMILIES.rotations,
  truncations_total: SELF_FAMILIES.truncations,
  file_errors_total: SELF_FAMILIES.fileErrors,
  journal_gaps_total: SELF_FAMILIES.journalGaps,
};

/** Counters about reading alone, without this process: what a single reading of files has to say. */
export function readingText(mirror: Mirror, format: Format): string {
  return Object.entries(SOURCE_FAMILIES)
    .map(([counter, definition]) => sourceCounters(mirror, counter as SourceCounterName, definition, format))
    .join('');
}

function sourceCounters(
  { counters }: Mirror,
  counter: SourceCounterName,
  definition: FamilyDefinition,
  format: Format,
): string {
  const rows = counters.filter((row) => row.counter === counter);
  const reason = definition.labels[1];
  return family(
    definition,
    format,
    rows.map((row) => [
      reason ? `${label('source', row.source)},${label(reason, row.reason)}` : label('source', row.source),
      row.value,
    ]),
  );
}
