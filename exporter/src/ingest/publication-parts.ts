import type { SourceCounter } from '../log/counters.ts';
import type { Commit } from '../store/store.ts';
import type { Changes, IpRows } from '../usage/changes.ts';
import type { KeyFacts } from '../usage/key-facts.ts';
import type { IngestionStatus, IpColumns, Publication } from './publication.ts';

/** Rows in one message: taking it in costs the HTTP thread a few milliseconds at most. */
const ROWS = 4_000;
const FACTS = 100;

/**
 * Cuts one commit into publications small enough never to stall the HTTP thread. Rows come before the
 * values and facts that refer to them; numbers (columns) travel whole, they cost next to nothing. With `ips`
 * everything that other exporters are told goes along.
 */
export function* publicationParts(
  changes: Changes,
  facts: KeyFacts[],
  counters: SourceCounter[],
  status: IngestionStatus,
  ips?: IpColumns,
): Generator<Publication> {
  const part = (rows: Partial<Changes>, some: KeyFacts[] = []): Publication => ({
    changes: { ...noChanges(), ...rows },
    facts: some,
    counters: [],
    status: { ...status, commitSeconds: [] },
  });
  for (const keys of runs(changes.keys, ROWS)) yield part({ keys });
  for (const endpoints of runs(changes.endpoints, ROWS)) yield part({ endpoints });
  for (const series of runs(changes.series, ROWS)) yield part({ series });
  for (const histograms of runs(changes.histograms, ROWS)) yield part({ histograms });
  if (ips) yield* sharedParts(changes, ips, part);
  for (const some of runs(facts, FACTS)) yield part({}, some);
  yield { changes: { ...noChanges(), values: changes.values }, facts: [], counters, status };
}

function* sharedParts(
  { keyUsage, surfaces, sketches, days }: Changes,
  ips: IpColumns,
  part: (rows: Partial<Changes>) => Publication,
): Generator<Publication> {
  if (surfaces.length + sketches.length > 0) yield part({ surfaces, sketches });
  // Together: a new address is known by its row and by the key's recent ones.
  if (keyUsage.length + ips.key.length + days.length > 0)
    yield { ...part({ keyUsage }), ips, days: days.map(({ key, day }) => ({ key, day })) };
}

/** Address rows as they are now; usage's own are valid until it marks them committed. */
export function columnsOf(rows: IpRows): IpColumns {
  const columns = {
    key: new Uint32Array(rows.length),
    ip: new Uint8Array(rows.length * 16),
    first: new Float64Array(rows.length),
    last: new Float64Array(rows.length),
  };
  let i = 0;
  for (const { key, ip, first, last } of rows) {
    if (ip.length === 4) columns.ip.fill(255, i * 16 + 10, i * 16 + 12);
    columns.ip.set(ip, i * 16 + 16 - ip.length);
    columns.key[i] = key;
    columns.first[i] = first;
    columns.last[i++] = last;
  }
  return columns;
}

/** Changes that change nothing. */
export function noChanges(): Changes {
  return {
    keys: [],
    endpoints: [],
    series: [],
    values: {
      series: new Uint32Array(0),
      value: new Float64Array(0),
      held: new Float64Array(0),
      parked: new Uint8Array(0),
      movedAt: new Float64Array(0),
    },
    histograms: [],
    keyUsage: [],
    ips: [],
    sketches: [],
    surfaces: [],
    days: [],
  };
}

/** True when committing would write nothing. */
export function isEmpty({ changes, positions, counters, cursors, segments }: Commit): boolean {
  const { values, ...rows } = changes;
  return (
    values.series.length === 0 &&
    Object.values(rows).every((list) => list.length === 0) &&
    positions.put.length === 0 &&
    positions.drop.length === 0 &&
    counters.length === 0 &&
    (cursors === undefined || cursors.length === 0) &&
    (segments === undefined || segments.put.length + segments.drop.length === 0)
  );
}

function* runs<T>(rows: T[], size: number): Generator<T[]> {
  for (let from = 0; from < rows.length; from += size) yield rows.slice(from, from + size);
}
