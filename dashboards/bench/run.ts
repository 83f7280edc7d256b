import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cpuSeconds, median } from '../../exporter/bench/process.ts';
import { startPrometheus } from '../../exporter/test/prometheus.ts';
import { boards } from '../test/boards.ts';
import { answerTo, type Chosen, type Question, questionsOf, type Shown } from '../test/questions.ts';
import { keyId, storeWeek } from './week.ts';

/**
 * `npm run bench:dashboards`: how long every panel's queries take a real Prometheus that holds a week of 1,000 keys.
 * The week is invented and stored as blocks, which takes minutes once; --data keeps it for further runs. A panel's
 * time is that of all its queries one after the other, everything chosen in every variable.
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

interface Timed extends Question {
  seconds: number;
  /** Processor seconds of Prometheus, which a busy machine changes less. */
  processor: number;
  series: number;
}

async function measured(): Promise<Timed[]> {
  const questions = boards().flatMap(questionsOf);
  const answers: Timed[] = [];
  for (const [i, question] of questions.entries()) {
    if (process.stderr.isTTY) process.stderr.write(`\rbench: query ${i + 1} of ${questions.length} `);
    const [times, processor]: [number[], number[]] = [[], []];
    let series = 0;
    for (let round = 0; round < Number(options.rounds); round++) {
      const [started, before] = [performance.now(), cpuSeconds(prometheus.pid)];
      series = (await answerTo(question, SHOWN)).length;
      times.push((performance.now() - started) / 1000);
      processor.push(cpuSeconds(prometheus.pid) - before);
    }
    answers.push({ ...question, seconds: median(times), processor: median(processor), series });
  }
  return answers;
}

/** Prometheus merges the new blocks in the first minutes; nothing is measured meanwhile. */
async function settled(): Promise<void> {
  console.error('bench: waiting until Prometheus has merged its blocks …');
  const names = () => readdirSync(blocks).sort().join();
  for (let seen = ''; seen !== names(); ) {
    seen = names();
    await wait(75_000);
  }
}

function report(answers: Timed[]): void {
  const rows = [...new Set(answers.map(({ asker }) => asker))]
    .map((asker) => {
      const queries = answers.filter((one) => one.asker === asker);
      return {
        ...{ asker, queries: queries.length },
        seconds: queries.reduce((sum, { seconds }) => sum + seconds, 0),
        processor: queries.reduce((sum, { processor }) => sum + processor, 0),
        slowest: queries.reduce((most, one) => (one.seconds > most.seconds ? one : most)),
      };
    })
    .sort((a, b) => b.seconds - a.seconds);
  console.log('| panel | queries | all of them | processor | slowest |');
  console.log('| --- | --- | --- | --- | --- |');
  for (const { asker, queries, seconds, processor, slowest } of rows)
    console.log(
      `| ${asker} | ${queries} | ${milliseconds(seconds)} | ${milliseconds(processor)} | ${slowest.refId}, ${milliseconds(slowest.seconds)} |`,
    );
  mkdirSync(dirname(options.out), { recursive: true });
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length };
  const shape = { keys: KEYS, days: DAYS, scrapeSeconds: SCRAPE, rounds: Number(options.rounds) };
  writeFileSync(options.out, `${JSON.stringify({ ...machine, ...shape, answers }, undefined, 2)}\n`);
  console.error(`bench: written to ${options.out}`);
}

function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(0)} ms`;
}
