import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { number } from '../../exporter/bench/harness/options.ts';
import { processorSeconds } from '../../exporter/bench/harness/process.ts';
import { whole } from '../../exporter/bench/harness/statistics.ts';
import { type Run, runSuite } from '../../exporter/bench/harness/suite.ts';
import { type Prometheus, startPrometheus } from '../../exporter/test/prometheus.ts';
import { boards } from '../test/boards.ts';
import { type Chosen, type GrafanaQuery, queriesOf, runQuery, type Shown } from '../test/grafana-queries.ts';
import { keyId, storeWeek } from './week.ts';

const OPTIONS = {
  keys: number(1_000, 200, 'keys of the week; a multiple of 200'),
  days: number(7, 1, 'days that Prometheus holds'),
  scrape: number(60, 300, 'seconds between two scrapes'),
  merge: number(75, 1, 'seconds without a change after which Prometheus has merged its new blocks'),
};
type DashboardsRun = Run<typeof OPTIONS>;

/** Panels that take less stand only in the note below the table. */
const NOTABLE_SECONDS = 0.05;
/** Queries of a panel that Grafana's back end asks at once. */
const CONCURRENT = 10;

await runSuite({
  script: 'bench:dashboards',
  about:
    'How long a real Prometheus with a week of 1,000 keys takes for the queries of every panel, variable and ' +
    'annotation, with everything chosen in every variable. Storing the invented week takes minutes, once. ' +
    '`npm run docs` then writes the table into dashboards/README.md.',
  options: OPTIONS,
  rounds: 5,
  programs: { all: ['prometheus', 'promtool'] },
  benchmarks: { dashboards },
});

async function dashboards(run: DashboardsRun): Promise<void> {
  const { keys, days, scrape, merge } = run.options;
  // The old key of a rotation.
  const looked = keyId(Math.floor(keys / 200) * 100);
  const directory = join(run.inputs, `dashboards-${keys}-keys-${days}-days-${scrape}-s`);
  const blocks = join(directory, 'data');
  const filled = join(directory, 'filled-to');
  const isNew = !existsSync(filled);
  if (isNew) {
    rmSync(directory, { recursive: true, force: true });
    console.error(`bench: storing ${days} days of ${keys} keys, a scrape every ${scrape} s …`);
    const to = Math.floor(Date.now() / 1000 / scrape) * scrape;
    storeWeek(blocks, { keys, days, scrape, looked }, to);
    writeFileSync(filled, String(to));
  }
  const to = Number(readFileSync(filled, 'utf8'));
  const prometheus = await startPrometheus('global: {}\n', { data: blocks });
  try {
    // Merging competes with the queries.
    if (isNew) await unchanged(blocks, merge);
    const shown = {
      url: prometheus.url,
      chosen: chosenOf(keys, looked),
      from: to - days * 86_400,
      to,
      scrape,
    };
    const panels = await measured(run, prometheus, shown);
    run.keep('panels', panels);
    report(run, panels);
  } finally {
    await prometheus.stop();
  }
}

function chosenOf(keys: number, looked: string): Chosen {
  const rotations = Array.from({ length: Math.ceil(keys / 100) }, (_, i) => i * 100);
  const some = (count: number) => Array.from({ length: count }, (_, i) => keyId(i * 7 + 6));
  return {
    ...{ tenant: '.*', environment: '.*', tier: '.*', job: ['atender-exporter'], key: looked },
    ...{ predecessor: [], successor: [keyId(Math.floor(keys / 200) * 100 + 1)] },
    ...{ replaced: rotations.map((key) => keyId(key)), replacing: rotations.map((key) => keyId(key + 1)) },
    ...{ refused: some(50), busiest: some(10) },
  };
}

/** What the queries of a panel, a variable or an annotation took: the median round. */
interface Timed {
  asker: string;
  queries: number;
  seconds: number;
  /** Processor seconds of Prometheus. A busy machine changes them less. */
  processor: number;
  /** The query that took longest. */
  slowest: string;
}

/** Slowest first. */
async function measured({ rounds }: DashboardsRun, { pid }: Prometheus, shown: Shown): Promise<Timed[]> {
  const askers = new Map<string, GrafanaQuery[]>();
  for (const question of boards().flatMap(queriesOf))
    askers.set(question.asker, [...(askers.get(question.asker) ?? []), question]);
  const answers: Timed[] = [];
  for (const [asker, questions] of askers) {
    if (process.stderr.isTTY) process.stderr.write(`\rbench: ${answers.length + 1} of ${askers.size} `);
    const times: Omit<Timed, 'asker' | 'queries'>[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = processorSeconds(pid);
      const asked = await ask(questions, shown);
      times.push({ ...asked, processor: processorSeconds(pid) - before });
    }
    const middle = times.sort((a, b) => a.seconds - b.seconds)[Math.floor(times.length / 2)]!;
    answers.push({ asker, queries: questions.length, ...middle });
  }
  return answers.sort((a, b) => b.seconds - a.seconds);
}

/** Asks all questions, CONCURRENT at once. The time ends with the last answer. */
async function ask(questions: GrafanaQuery[], shown: Shown): Promise<{ seconds: number; slowest: string }> {
  const started = performance.now();
  const waiting = [...questions];
  let slowest = { name: '', seconds: 0 };
  const askNext = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const asked = performance.now();
      await runQuery(next, shown);
      const seconds = (performance.now() - asked) / 1000;
      if (seconds > slowest.seconds) slowest = { name: next.refId, seconds };
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, askNext));
  return { seconds: (performance.now() - started) / 1000, slowest: slowest.name };
}

async function unchanged(directory: string, seconds: number): Promise<void> {
  console.error('bench: waiting until Prometheus has merged its blocks …');
  const names = () => readdirSync(directory).sort().join();
  for (let seen = ''; seen !== names(); ) {
    seen = names();
    await wait(seconds * 1000);
  }
}

function report(run: DashboardsRun, panels: Timed[]): void {
  const { keys, days } = run.options;
  const milliseconds = (seconds: number) => `${(seconds * 1000).toFixed(0)} ms`;
  const notable = panels.filter(({ seconds }) => seconds >= NOTABLE_SECONDS);
  run.table({
    columns: ['panel, variable or annotation', 'queries', 'time', 'processor', 'its slowest query'],
    rows: notable.map(({ asker, queries, seconds, processor, slowest }) => [
      ...[asker, String(queries), milliseconds(seconds), milliseconds(processor), slowest],
    ]),
    note: `${whole(keys)} keys, ${days} days, ${availableParallelism()} cores. The other ${panels.length - notable.length} of ${panels.length} took less than ${milliseconds(NOTABLE_SECONDS)}.`,
  });
}
