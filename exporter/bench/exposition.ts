import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { Counter, Histogram, Registry } from 'prom-client';
import { noChanges } from '../src/ingest/publication-parts.ts';
import { Exposition } from '../src/metrics/exposition.ts';
import { Mirror } from '../src/metrics/mirror.ts';
import { FAMILIES } from '../src/usage/changes.ts';
import { DURATION_BUCKETS } from '../src/usage/duration-buckets.ts';
import { median } from './process.ts';

export interface ExpositionSize {
  counters: number;
  /** Twelve-bucket histograms, one a key. */
  histograms: number;
}

export interface ExpositionFigures {
  oursMs: number;
  promClientMs: number;
  ratio: number;
  /** Longest time the event loop did not turn while ours was rendered. */
  stallMs: number;
}

const ROUNDS = 9;

/** Renders the same series with prom-client and with our exposition, in turn; medians of ROUNDS. */
export async function expositionBench(size: ExpositionSize): Promise<ExpositionFigures> {
  const ours = ourExposition(size);
  // Before prom-client is there: its garbage would be collected on our account.
  const stallMs = await longestStall(ours);
  const theirs = promClient(size);
  const oursMs: number[] = [];
  const theirsMs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.move();
    oursMs.push(await took(() => ours.exposition.render('text')));
    theirsMs.push(await took(() => theirs.metrics()));
  }
  return {
    oursMs: median(oursMs),
    promClientMs: median(theirsMs),
    ratio: median(theirsMs.map((time, round) => time / oursMs[round])),
    stallMs,
  };
}

async function longestStall(ours: Ours): Promise<number> {
  let stallMs = 0;
  for (let round = 0; round < ROUNDS; round++) {
    ours.move();
    // What moved the values is no part of the rendering.
    await wait(20);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await wait(20);
    await ours.exposition.render('text');
    await wait(20);
    delay.disable();
    // In the first round what building the state left behind is collected.
    if (round > 0) stallMs = Math.max(stallMs, delay.max / 1e6);
  }
  return stallMs;
}

/** Milliseconds. */
async function took(render: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await render();
  return performance.now() - began;
}

/** Series `i` belongs to key `i % histograms` and has an endpoint of its own there. */
const labelsOf = (i: number, { histograms }: ExpositionSize) => ({
  key_id: `key_${i % histograms}`,
  method: 'GET',
  endpoint: `/v1/contacts/list${Math.floor(i / histograms)}`,
  status: '200',
  status_class: '2xx',
});

interface Ours {
  exposition: Exposition;
  /** Changes every value: the worst case for a renderer that keeps its text. */
  move(): void;
}

function ourExposition(size: ExpositionSize): Ours {
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
  mirror.apply({ changes, facts: [], counters: [], status: status });
  const move = () => {
    const values = { ...changes.values, value: changes.values.value.map((value) => value + 1) };
    mirror.apply({ changes: { ...noChanges(), values }, facts: [], counters: [], status: status });
  };
  return { exposition, move };
}

function promClient(size: ExpositionSize): Registry {
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
