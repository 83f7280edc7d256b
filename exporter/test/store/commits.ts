import { noChanges } from '../../src/ingest/publication-parts.ts';
import type { FilePosition } from '../../src/log/position.ts';
import type { Commit } from '../../src/store/store.ts';
import { DayFigures } from '../../src/usage/day-figures.ts';
import { writeScopes } from '../../src/usage/scope-uses.ts';

/** A commit in which every row says the same number: half of one would show. */
export function commitOf(step: number): Commit {
  const changes = noChanges();
  changes.keys.push({ key: 0, id: 'key_a', tenant: 'acme' });
  changes.endpoints.push({ endpoint: 0, method: 'GET', template: '/v1/contacts' });
  changes.series.push({ series: 0, family: 1, key: 0, endpoint: 0, status: 200 });
  changes.values = {
    series: Uint32Array.of(0),
    value: Float64Array.of(step),
    held: Float64Array.of(Number.NaN),
    parked: Uint8Array.of(0),
    movedAt: Float64Array.of(1.7e9 + step),
  };
  changes.histograms.push({ key: 0, counts: Float64Array.of(step, 0.5), sum: step / 3, held: false });
  changes.keyUsage.push({
    key: 0,
    firstUsed: 1,
    lastUsed: step,
    lastRejected: 0,
    lastNewIp: 0,
    recentNewIps: [{ ip: '192.0.2.0/24', noticed: step }],
    scopes: writeScopes([{ scope: 'contacts:read', lastUsed: step }]),
    windows: Uint8Array.of(1, step & 255),
  });
  changes.ips = [{ key: 0, ip: Uint8Array.of(192, 0, 2, step & 255), first: step, last: step }];
  changes.surfaces.push({ key: 0, surface: 'contacts', first: 1, noticed: step });
  const figures = new DayFigures();
  figures.count(0, 200, 1);
  changes.days.push({ key: 0, day: today(), figures });
  return {
    changes,
    positions: { put: [positionAt(step)], drop: [] },
    counters: [{ source: 'default', counter: 'lines_total', reason: '', value: step }],
  };
}

export const today = (): number => Math.floor(Date.now() / 86_400_000);

export function positionAt(offset: number): FilePosition {
  return {
    id: 1,
    source: 'default',
    path: '/var/log/a.log',
    dev: '66305',
    ino: '18446744073709551615',
    headLength: 10,
    headHash: 'aa',
    tailLength: 5,
    tailHash: 'bb',
    offset,
    size: offset,
    skipping: offset % 2 === 1,
    phase: 'following',
    modifiedMs: 1_700_000_000_123.5,
    unsureSinceMs: offset % 3 === 0 ? 0 : 1_699_999_999_000.25,
  };
}
