import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND } from '../../test/exporter-process.ts';
import { requestLine } from '../../test/log-lines.ts';
import { catchUp } from '../harness/exporter.ts';
import { measuredCommand } from '../harness/process.ts';
import { alternating } from '../harness/rounds.ts';
import { median, ratios, spread, tenths, whole } from '../harness/statistics.ts';
import { benchLog } from '../log-file.ts';
import { type EndToEndRun, shapeOf } from './options.ts';
import { goaccess, mtail } from './peers.ts';
import { timePerSeries } from './rendering.ts';

/** `once` beside mtail (with two programs) and goaccess on the same file. */
export async function once(run: EndToEndRun): Promise<void> {
  const { lines } = run.options;
  const log = benchLog(run.inputs, shapeOf(lines));
  const seconds = await alternating(run.rounds, {
    once: () => onceSeconds(log),
    'mtail, same facts': () => mtail('requests.mtail', log),
    'mtail, one counter': () => mtail('requests-minimal.mtail', log),
    goaccess: () => goaccess(log),
  });
  run.keep('once', seconds);
  run.figure('`once`, lines a second', spread(rates(lines, seconds.once), whole), '≥ 1,000,000');
  for (const [peer, target] of [
    ['mtail, same facts', '≥ 10 times'],
    ['mtail, one counter', '≥ 10 times'],
    ['goaccess', ''],
  ] as const)
    run.figure(
      `\`once\` against ${peer}`,
      spread(ratios(seconds[peer], seconds.once), tenths, 'times'),
      target,
    );
}

/** `serve` from an empty store until everything is read and committed, start of the process included. */
export async function serve(run: EndToEndRun): Promise<void> {
  const { lines } = run.options;
  const log = benchLog(run.inputs, shapeOf(lines));
  const seconds = await alternating(run.rounds, {
    serve: async (round) => {
      const store = join(run.work, `catch-up-${round}.db`);
      const { exporter, seconds } = await catchUp(['--log.path', log, '--store.path', store], lines);
      await exporter.end('SIGTERM');
      return seconds;
    },
    'mtail, same facts': () => mtail('requests.mtail', log),
    'mtail, one counter': () => mtail('requests-minimal.mtail', log),
  });
  run.keep('serve', seconds);
  run.figure('`serve` catching up, lines a second', spread(rates(lines, seconds.serve), whole), '≥ 800,000');
  for (const peer of ['mtail, same facts', 'mtail, one counter'] as const)
    run.figure(
      `\`serve\` against ${peer}`,
      spread(ratios(seconds[peer], seconds.serve), tenths, 'times'),
      '≥ 8 times',
    );
}

/** Time a unit at three sizes. It stays the same where the cost is linear. */
export async function growth(run: EndToEndRun): Promise<void> {
  const { lines, series } = run.options;
  const oneLine = join(run.work, 'one-line.log');
  writeFileSync(oneLine, requestLine());
  const start = median((await alternating(run.rounds, { once: () => onceSeconds(oneLine) })).once);
  const perLine: number[] = [];
  for (const size of [lines / 4, lines / 2, lines]) {
    const log = benchLog(run.inputs, shapeOf(size));
    const { once } = await alternating(run.rounds, { once: () => onceSeconds(log) });
    perLine.push(((median(once) - start) / size) * 1e9);
  }
  const sizes = [series / 4, series / 2, series];
  const perSeries: number[] = [];
  for (const size of sizes) perSeries.push(await timePerSeries(run, size));
  run.keep('growth', { perLine, perSeries });
  const shown = (times: number[]) => times.map((time) => `${Math.round(time)} ns`).join(', ');
  run.figure('reading, per line, at a quarter, half and all of the lines', shown(perLine), 'flat');
  run.figure(
    `exposition, per series, at ${sizes
      .map(whole)
      .join(', ')
      .replace(/, (\S+)$/, ' and $1')}`,
    shown(perSeries),
    'flat',
  );
}

const onceSeconds = async (log: string): Promise<number> =>
  (await measuredCommand(process.execPath, [COMMAND, 'once', log])).seconds;

const rates = (lines: number, seconds: number[]): number[] => seconds.map((time) => lines / time);
