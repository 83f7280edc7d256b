import type { Publication } from '../../src/ingest/publication.ts';
import type { KeyEntry } from '../../src/keys/key.ts';
import { parseKeysFile } from '../../src/keys/keys-file.ts';
import { KeyRegistry } from '../../src/keys/registry.ts';
import { Mirror } from '../../src/metrics/mirror.ts';
import { FAMILIES } from '../../src/usage/changes.ts';
import { type KeyFacts, MINUTE_CLASSES } from '../../src/usage/key-facts.ts';
import { DAY, type FixtureKey, KEYS, NOW } from './fixture-keys.ts';

export interface Fixture {
  mirror: Mirror;
  registry: KeyRegistry;
}

/** A mirror that has been told of these keys, and the registry of their entries. */
export function fixture(keys: FixtureKey[] = KEYS, status: Partial<Publication['status']> = {}): Fixture {
  const mirror = new Mirror();
  mirror.apply(publicationOf(keys, status));
  return { mirror, registry: new KeyRegistry(entriesOf(keys)) };
}

/** Many keys that look like those of KEYS. */
export function manyKeys(count: number): FixtureKey[] {
  return Array.from({ length: count }, (_, i) => {
    const like = KEYS[i % KEYS.length];
    const { replaces: _replaces, name, ...entry } = like.entry ?? {};
    const named = like.entry && { ...entry, name: `${name} ${i}` };
    return { ...like, id: `${like.id}_${i}`, ...(named && { entry: named }) };
  });
}

export function publicationOf(keys: FixtureKey[], status: Partial<Publication['status']> = {}): Publication {
  const endpoints: Publication['changes']['endpoints'] = [];
  const series: Publication['changes']['series'] = [];
  const values: number[] = [];
  const count = (family: 0 | 1, key: number, endpoint: number, status: number, n: number) => {
    series.push({ series: series.length, family, key, endpoint, status });
    values.push(n);
  };
  for (const [key, { endpoints: calls = [] }] of keys.entries()) {
    const byStatus = new Map<number, number>();
    for (const [method, template, status, n] of calls) {
      let endpoint = endpoints.findIndex((row) => row.method === method && row.template === template);
      if (endpoint < 0) endpoint = endpoints.push({ endpoint: endpoints.length, method, template }) - 1;
      count(FAMILIES.endpoint, key, endpoint, status, n);
      byStatus.set(status, (byStatus.get(status) ?? 0) + n);
    }
    for (const [status, n] of byStatus) count(FAMILIES.requests, key, -1, status, n);
  }
  return {
    changes: {
      keys: keys.map(({ id, tenant = 'acme' }, key) => ({ key, id, tenant })),
      endpoints,
      series,
      values: {
        series: Uint32Array.from(series, (row) => row.series),
        value: Float64Array.from(values),
        held: new Float64Array(values.length).fill(Number.NaN),
        parked: new Uint8Array(values.length),
        movedAt: new Float64Array(values.length),
      },
      histograms: [],
      keyUsage: [],
      ips: [],
      sketches: [],
      surfaces: [],
      days: [],
    },
    facts: keys.map(factsOf),
    counters: [
      { source: 'default', counter: 'lines_total', reason: '', value: 1_204_331 },
      { source: 'default', counter: 'lines_rejected_total', reason: 'malformed', value: 3 },
    ],
    status: {
      historyRead: true,
      recordedSince: NOW - 400 * 86_400,
      ready: true,
      sources: [
        {
          source: 'default',
          filesOpen: 2,
          bytesBehind: 0,
          secondsBehind: 0,
          ahead: 0,
          lastEvent: NOW - 1,
          lastLooked: NOW,
          staleAfter: 0,
          patterns: [{ source: 'api', pattern: '/var/log/api.log', files: 1, problems: [] }],
        },
      ],
      commits: 1200,
      commitErrors: 0,
      commitError: '',
      lastCommit: NOW - 1,
      commitSeconds: [],
      series: [{ metric: 'atender_requests_total', series: 210, limit: 200_000, overflowed: 0 }],
      ...status,
    },
  };
}

function entriesOf(keys: FixtureKey[]): KeyEntry[] {
  const registered = keys.filter(({ entry }) => entry !== undefined);
  const text = registered.map(({ id, tenant = 'acme', entry }) =>
    JSON.stringify({ id, tenantId: tenant, ...entry }),
  );
  const { entries, problems } = parseKeysFile(`keys: [${text.join(', ')}]\n`);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return entries;
}

function factsOf(
  { id, tenant = 'acme', perMinute = {}, stopped = 0, facts = {} }: FixtureKey,
  key: number,
): KeyFacts {
  const counts = new Uint32Array(MINUTE_CLASSES.length * 60);
  for (const [c, cls] of MINUTE_CLASSES.entries()) {
    const rate = perMinute[cls] ?? 0;
    for (let i = 0; i < 60 - stopped; i++) {
      // A wave, so that charts look like charts; never random, so that tests see the same each time.
      const wave = rate * (1 + 0.35 * Math.sin((i + 7 * key) / 6) + 0.15 * Math.sin(i * 2.1 + key));
      counts[c * 60 + i] = Math.floor(wave * (i + 1)) - Math.floor(wave * i);
    }
  }
  return {
    key,
    id,
    tenant,
    firstUsed: NOW - 34 * DAY,
    lastUsed: Object.keys(perMinute).length > 0 ? NOW - 2 - (key % 7) : 0,
    lastRejected: 0,
    maxGap: 1_260,
    uniqueIps: { hour: 1 + (key % 4), day: 2 + (key % 6), month: 4 + (key % 9), approximate: false },
    lastNewIp: 0,
    recentNewIps: [],
    newSurfaces: [],
    scopes: [{ scope: 'contacts:read', lastUsed: NOW - 12 }],
    requestsLastMinute: 6,
    peakPerMinute: 12,
    requestsToday: 420,
    minutes: { last: Math.floor(NOW / 60), counts },
    ...facts,
  };
}
