import { Counter, Histogram, Registry } from 'prom-client';
import { noChanges } from '../src/ingest/publication-parts.ts';
import { Exposition } from '../src/metrics/exposition.ts';
import { Mirror } from '../src/metrics/mirror.ts';
import { FAMILIES } from '../src/usage/changes.ts';
import { DURATION_BUCKETS } from '../src/usage/duration-buckets.ts';

export interface ExpositionSize {
  counters: number;
  /** One a key. */
  histograms: number;
}

/** Series `i` belongs to key `i % histograms`, with its own endpoint there. */
const labelsOf = (i: number, { histograms }: ExpositionSize) => ({
  key_id: `key_${i % histograms}`,
  method: 'GET',
  endpoint: `/v1/contacts/list${Math.floor(i / histograms)}`,
  status: '200',
  status_class: '2xx',
});

/** The exporter's exposition of such series. `change` changes every value: the worst case, since text is kept. */
export function ownExposition(size: ExpositionSize): { exposition: Exposition; change: () => void } {
  const unregistered = { labelled: () => undefined };
  const mirror = new Mirror();
  const exposition = new Exposition(
    mirror,
    () => unregistered,
    async () => '',
  );
  const changes = noChanges();
  for (let key = 0; key < size.histograms; key++) {
    changes.keys.push({ key, id: `key_${key}`, tenant: '' });
    changes.histograms.push({
      key,
      counts: Float64Array.from({ length: DURATION_BUCKETS.length + 1 }, (_, i) => i),
      sum: key,
      held: false,
    });
  }
  for (let i = 0; i < size.counters; i++) {
    const { method, endpoint } = labelsOf(i, size);
    changes.endpoints.push({ endpoint: i, method, template: endpoint });
    changes.series.push({
      series: i,
      family: FAMILIES.endpoint,
      key: i % size.histograms,
      endpoint: i,
      status: 200,
    });
  }
  changes.values = {
    series: Uint32Array.from({ length: size.counters }, (_, i) => i),
    value: Float64Array.from({ length: size.counters }, (_, i) => i * 7),
    held: new Float64Array(size.counters).fill(Number.NaN),
    parked: new Uint8Array(size.counters),
    movedAt: new Float64Array(size.counters),
  };
  const status = {
    ...{ historyRead: true, recordedSince: 0, ready: true, sources: [], series: [], commitSeconds: [] },
    ...{ commits: 1, commitErrors: 0, commitError: '', lastCommit: 1 },
  };
  mirror.apply({ changes, facts: [], counters: [], status });
  const change = () => {
    const values = { ...changes.values, value: changes.values.value.map((value) => value + 1) };
    mirror.apply({ changes: { ...noChanges(), values }, facts: [], counters: [], status });
  };
  return { exposition, change };
}

/** The same series in prom-client. */
export function promClient(size: ExpositionSize): Registry {
  const registry = new Registry();
  const counter = new Counter({
    name: 'atender_endpoint_requests_total',
    help: 'Requests.',
    labelNames: ['key_id', 'method', 'endpoint', 'status', 'status_class'],
    registers: [registry],
  });
  for (let i = 0; i < size.counters; i++) counter.inc(labelsOf(i, size), i * 7);
  const histogram = new Histogram({
    name: 'atender_request_duration_seconds',
    help: 'Durations.',
    labelNames: ['key_id'],
    buckets: [...DURATION_BUCKETS],
    registers: [registry],
  });
  for (let key = 0; key < size.histograms; key++) histogram.observe({ key_id: `key_${key}` }, key / 100);
  return registry;
}
