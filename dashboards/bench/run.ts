import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cpuSeconds } from '../../exporter/bench/process.ts';
import { startPrometheus } from '../../exporter/test/prometheus.ts';
import { boards } from '../test/boards.ts';
import { type Chosen, type GrafanaQuery, queriesOf, runQuery, type Shown } from '../test/grafana-queries.ts';
import { keyId, storeWeek } from './week.ts';

/**
 * `npm run bench:dashboards`: measures the queries of every panel against a real Prometheus with a week of 1,000 keys. The
 * week is invented and stored as blocks, which takes minutes once. --data keeps it for later runs. The queries of a panel
 * run in parallel, as in Grafana, with "All" in every variable. The time of a panel ends with its last result.
 * `npm run docs` then writes the table of dashboards/README.md.
 */
const { values: options } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000' },
    days: { type: 'string', default: '7' },
    scrape: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '5' },
    data: { type: 'string', default: join(tmpdir(), 'atender-bench-dashboards') },
    out: { type: 'string', default: 'bench-results/dashboards.json' },
  },
});
const [KEYS, DAYS, SCRAPE] = [Number(options.keys), Number(options.days), Number(options.scrape)];
/** The old key of a rotation. */
const KEY = keyId(Math.floor(KEYS / 200) * 100);
const CHOSEN: Chosen = {
  ...{ tenant: '.*', environment: '.*', tier: '.*', job: ['atender-exporter'], key: KEY },
  ...{ predecessor: [], successor: [keyId(Math.floor(KEYS / 200) * 100 + 1)] },
  replaced: Array.from({ length: Math.ceil(KEYS / 100) }, (_, i) => keyId(i * 100)),
  replacing: Array.from({ length: Math.ceil(KEYS / 100) }, (_, i) => keyId(i * 100 + 1)),
  refused: Array.from({ length: 50 }, (_, i) => keyId(i * 7 + 6)),
  busiest: Array.from({ length: 10 }, (_, i) => keyId(i * 7 + 6)),
};

const store = join(options.data, `${KEYS}-keys-${DAYS}-days-${SCRAPE}-s`);
const blocks = join(store, 'data');
const filled = join(store, 'filled-to');
const merging = !existsSync(filled);
if (merging) {
  rmSync(store, { recursive: true, force: true });
  console.error(`bench: storing ${DAYS} days of ${KEYS} keys, a scrape every ${SCRAPE} s …`);
  const to = Math.floor(Date.now() / 1000 / SCRAPE) * SCRAPE;
  storeWeek(blocks, { keys: KEYS, days: DAYS, scrape: SCRAPE, looked: KEY }, to);
  writeFileSync(filled, String(to));
}
const end = Number(readFileSync(filled, 'utf8'));

const prometheus = await startPrometheus('global: {}\n', { data: blocks });
const SHOWN: Shown = {
  url: prometheus.url,
  chosen: CHOSEN,
  from: end - DAYS * 86_400,
  to: end,
  scrape: SCRAPE,
};
try {
  if (merging) await settled();
  report(await measured());
} finally {
  await prometheus.stop();
}

/** Cost of a panel, a variable or an annotation. */
interface Timed {
  asker: string;
  queries: number;
  seconds: number;
  /** CPU seconds of Prometheus, which vary less on a busy machine. */
  processor: number;
  slowest: string;
}

async function measured(): Promise<Timed[]> {
  const askers = new Map<string, GrafanaQuery[]>();
  for (const question of boards().flatMap(queriesOf))
    askers.set(question.asker, [...(askers.get(question.asker) ?? []), question]);
  const answers: Timed[] = [];
  for (const [asker, questions] of askers) {
    if (process.stderr.isTTY) process.stderr.write(`\rbench: ${answers.length + 1} of ${askers.size} `);
    const rounds: Omit<Timed, 'asker' | 'queries'>[] = [];
    for (let round = 0; round < Number(options.rounds); round++) rounds.push(await asked(questions));
    const middle = rounds.sort((a, b) => a.seconds - b.seconds)[Math.floor(rounds.length / 2)]!;
    answers.push({ asker, queries: questions.length, ...middle });
  }
  return answers.sort((a, b) => b.seconds - a.seconds);
}

/** The back end of Grafana runs ten queries of a panel in parallel. */
async function asked(questions: GrafanaQuery[]): Promise<Omit<Timed, 'asker' | 'queries'>> {
  const [started, before] = [performance.now(), cpuSeconds(prometheus.pid)];
  const waiting = [...questions];
  let slowest = { name: '', seconds: 0 };
  const asking = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const begun = performance.now();
      await runQuery(next, SHOWN);
      const seconds = (performance.now() - begun) / 1000;
      if (seconds > slowest.seconds) slowest = { name: next.refId, seconds };
    }
  };
  await Promise.all(Array.from({ length: 10 }, asking));
  const seconds = (performance.now() - started) / 1000;
  return { seconds, processor: cpuSeconds(prometheus.pid) - before, slowest: slowest.name };
}

/** Waits until Prometheus has merged the new blocks, which takes some minutes. */
async function settled(): Promise<void> {
  console.error('bench: waiting until Prometheus has merged its blocks …');
  const names = () => readdirSync(blocks).sort().join();
  for (let seen = ''; seen !== names(); ) {
    seen = names();
    await wait(75_000);
  }
}

function report(panels: Timed[]): void {
  for (const { asker, queries, seconds, processor, slowest } of panels)
    console.log(
      `${milliseconds(seconds)} (processor ${milliseconds(processor)}) ${asker}: ${queries} queries, slowest ${slowest}`,
    );
  mkdirSync(dirname(options.out), { recursive: true });
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length };
  const shape = { keys: KEYS, days: DAYS, scrapeSeconds: SCRAPE, rounds: Number(options.rounds) };
  writeFileSync(options.out, `${JSON.stringify({ ...machine, ...shape, panels }, undefined, 2)}\n`);
  console.error(`bench: written to ${options.out}`);
}

function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(0)} ms`;
}
