import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { ownExposition, promClient } from '../exposition-inputs.ts';
import { nanoseconds } from '../harness/micro.ts';
import { median, ratios, spread, tenths, whole } from '../harness/statistics.ts';
import type { EndToEndRun } from './options.ts';

/** Milliseconds for which each side is measured in a round. */
const TIME = 500;
const STALL_ROUNDS = 9;

/** The same series rendered by the exporter and by prom-client. */
export async function exposition(run: EndToEndRun): Promise<void> {
  const size = sizeOf(run.options.series);
  const own = ownExposition(size);
  // Before prom-client has its series: the collection of its garbage would be measured too.
  const stall = await longestStall(own);
  const registry = promClient(size);
  const times = await nanoseconds(
    {
      units: size.counters,
      tasks: {
        own: { before: own.change, run: async () => own.exposition.render('text') },
        'prom-client': async () => registry.metrics(),
      },
    },
    run.rounds,
    TIME,
  );
  run.keep('exposition', { times, stall });
  run.figure(
    `exposition of ${whole(size.counters + size.histograms)} series against prom-client`,
    spread(ratios(times['prom-client']!, times.own!), tenths, 'times'),
    '≥ 8 times',
  );
  run.figure('longest event-loop stall while rendering', `${tenths(stall)} ms`, '≤ 20 ms');
}

/** Nanoseconds a series that the exporter takes to render so many counters. */
export async function timePerSeries({ rounds }: EndToEndRun, counters: number): Promise<number> {
  const own = ownExposition(sizeOf(counters));
  const render = { before: own.change, run: async () => own.exposition.render('text') };
  const { times } = await nanoseconds({ units: counters, tasks: { times: render } }, rounds, TIME);
  return median(times!);
}

const sizeOf = (counters: number) => ({ counters, histograms: counters / 100 });

/** Longest time in milliseconds that the event loop did not turn while everything was rendered. */
async function longestStall({ change, exposition }: ReturnType<typeof ownExposition>): Promise<number> {
  let stall = 0;
  for (let round = 0; round < STALL_ROUNDS; round++) {
    change();
    // Changing the values is not part of the rendering.
    await wait(20);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await wait(20);
    await exposition.render('text');
    await wait(20);
    delay.disable();
    // The first round collects the garbage of building the state.
    if (round > 0) stall = Math.max(stall, delay.max / 1e6);
  }
  return stall;
}
