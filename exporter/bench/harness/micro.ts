import { types } from 'node:util';
import { Bench } from 'tinybench';
import { median, ratios, spread, whole } from './statistics.ts';
import type { Run } from './suite.ts';

/** One call of a task, which handles many units: a single one takes less than a timer can tell. */
export interface MicroTask {
  /** An `async` function if it is asynchronous. */
  run: () => unknown;
  /** Prepares each call; not measured. */
  before?: () => void;
}

export interface Micro {
  /** What a task handles, such as `line`, and how many of them in one call. */
  unit: string;
  units: number;
  tasks: Record<string, MicroTask | (() => unknown)>;
  /** A task whose time is contained in these others and is subtracted from theirs. */
  overhead?: { task: string; of: string[] };
  /** The task with which the others are compared. */
  reference?: string;
}

/** Measures the tasks by turns and adds their figures to the run: nanoseconds a unit, and how fast it is against the reference. */
export async function measureMicro(
  run: Run,
  name: string,
  micro: Micro,
  milliseconds: number,
): Promise<void> {
  const times = await nanoseconds(micro, run.rounds, milliseconds);
  const { overhead, reference, unit } = micro;
  for (const task of overhead?.of ?? [])
    times[task] = times[task]!.map((time, round) => Math.max(0, time - times[overhead!.task]![round]!));
  run.keep(name, times);
  for (const [task, values] of Object.entries(times)) {
    const compared =
      reference && task !== reference && task !== overhead?.task
        ? `, ${median(ratios(times[reference]!, values)).toFixed(1)} times as fast as ${reference}`
        : '';
    run.figure(`${name}: ${task}`, `${spread(values, whole, `ns a ${unit}`)}${compared}`);
  }
}

/** Nanoseconds a unit: the median of the calls of each round, by task. */
export async function nanoseconds(
  { tasks, units }: Pick<Micro, 'tasks' | 'units'>,
  rounds: number,
  milliseconds: number,
): Promise<Record<string, number[]>> {
  const names = Object.keys(tasks);
  const times: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    // Code is compiled once; the first round warms it up.
    const bench = new Bench({ time: milliseconds, iterations: 3, warmup: round === 0, throws: true });
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const task = tasks[name]!;
      const { run, before } = typeof task === 'function' ? { run: task, before: undefined } : task;
      bench.add(name, run, { async: types.isAsyncFunction(run), ...(before && { beforeEach: before }) });
    }
    await bench.run();
    for (const { name, result } of bench.tasks) {
      if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`);
      times[name]!.push((result.latency.p50 * 1e6) / units);
    }
  }
  return times;
}
