import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { number } from '../../exporter/bench/harness/options.ts';
import { processorSeconds } from '../../exporter/bench/harness/process.ts';
import { type Run, runSuite } from '../../exporter/bench/harness/suite.ts';
import { FORMATS } from '../../exporter/src/metrics/exposition-text.ts';
import { type Prometheus, startPrometheus } from '../../exporter/test/prometheus.ts';
import { PACK } from '../test/pack.ts';
import { exposition, storePast } from './watched-keys.ts';

const OPTIONS = {
  keys: number(1_000, 100, 'keys that Prometheus watches'),
  warm: number(60, 20, 'seconds of evaluation before it is measured'),
  seconds: number(120, 20, 'seconds of evaluation that are measured'),
};
type RulesRun = Run<typeof OPTIONS>;

await runSuite({
  script: 'bench:rules',
  about:
    'What the rules cost a real Prometheus. The series are invented. The past that the rules look at is stored first: ' +
    '50 minutes for their windows, a day and two hours of each of three weeks for the baselines. Every key had a new ' +
    'IP address and a new surface, a twentieth of them now. One key in fifty is revoked and one replaces another.',
  options: OPTIONS,
  rounds: 1,
  programs: { all: ['prometheus', 'promtool'] },
  benchmarks: { rules },
});

async function rules(run: RulesRun): Promise<void> {
  const keys = Array.from({ length: run.options.keys }, (_, key) => key);
  const data = join(run.work, 'data');
  mkdirSync(data);
  const exporter = createServer((_, response) =>
    // Prometheus 3 requires a known content type.
    response.setHeader('Content-Type', FORMATS.text).end(exposition(keys, Date.now() / 1000)),
  );
  exporter.listen(0, '127.0.0.1');
  await once(exporter, 'listening');
  const instance = `127.0.0.1:${(exporter.address() as AddressInfo).port}`;
  console.error('bench: filling the past …');
  storePast(data, keys, { job: 'atender-exporter', instance });
  const prometheus = await startPrometheus(
    `
global: { scrape_interval: 15s, evaluation_interval: 15s }
rule_files: ['${join(PACK, 'rules')}/*.yml']
scrape_configs:
  - job_name: atender-exporter
    static_configs: [{ targets: ['${instance}'] }]
`,
    { data },
  );
  try {
    const { warm, seconds } = run.options;
    console.error(`bench: ${warm + seconds} s of evaluation …`);
    await wait(warm * 1000);
    const before = processorSeconds(prometheus.pid);
    await wait(seconds * 1000);
    const perMinute = ((processorSeconds(prometheus.pid) - before) / seconds) * 60;
    await report(run, prometheus, perMinute);
  } finally {
    await prometheus.stop();
    exporter.close();
    exporter.closeAllConnections();
  }
}

interface Group {
  name: string;
  interval: number;
  evaluationTime: number;
  rules: { name: string; labels?: Record<string, string>; evaluationTime: number }[];
}

/** `perMinute` = seconds of processor time that Prometheus takes in a minute. */
async function report(run: RulesRun, prometheus: Prometheus, perMinute: number): Promise<void> {
  const answer = (await (await fetch(`${prometheus.url}/api/v1/rules`)).json()) as {
    data: { groups: Group[] };
  };
  const { groups } = answer.data;
  const seconds = (some: Group[]) =>
    `${some.reduce((sum, { evaluationTime }) => sum + evaluationTime, 0).toFixed(2)} s`;
  run.figure('a cycle of 15 s', seconds(groups.filter(({ interval }) => interval === 15)), 'under 2 s');
  run.figure('every group at once, as it is once a minute', seconds(groups));
  run.figure('processor of Prometheus, scrapes included', `${perMinute.toFixed(1)} s a minute`);
  // The 15-minute rate of a key is recorded four times an hour, so it may not exist yet.
  const often = await prometheus.value('count({__name__=~".+:.+",__name__!~".+:rate15m"})');
  run.figure('recorded series a key', ((often ?? 0) / run.options.keys + 1).toFixed(1), 'under 12');
  const own = await (await fetch(`${prometheus.url}/metrics`)).text();
  const missed = [...own.matchAll(/^prometheus_rule_group_iterations_missed_total\{.*\} (\S+)$/gm)];
  const cycles = missed.reduce((sum, [, count]) => sum + Number(count), 0);
  run.figure('cycles left out; with any, this machine is too busy for these figures', String(cycles), '0');

  const milliseconds = (time: number) => `${(time * 1000).toFixed(0)} ms`;
  const slowest = groups
    .flatMap((group) => group.rules)
    .sort((a, b) => b.evaluationTime - a.evaluationTime)
    .slice(0, 8)
    .map(({ name, labels, evaluationTime }) =>
      `${milliseconds(evaluationTime)} ${name} ${labels?.kind ?? ''}`.trim(),
    );
  run.table({
    columns: ['group', 'every', 'evaluation'],
    rows: groups.map(({ name, interval, evaluationTime }) => [
      name,
      `${interval} s`,
      milliseconds(evaluationTime),
    ]),
    note: `Slowest rules: ${slowest.join(', ')}`,
  });
}
