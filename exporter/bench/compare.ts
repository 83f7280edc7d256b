import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { COMMAND } from '../test/exporter-process.ts';
import { catchUp } from './harness/exporter.ts';
import { number, text } from './harness/options.ts';
import { measuredCommand, peakMemoryMiB, processorSeconds } from './harness/process.ts';
import { together } from './harness/rounds.ts';
import { hundredths, ratios, spread, whole } from './harness/statistics.ts';
import { type Run, runSuite } from './harness/suite.ts';
import { benchLog } from './log-file.ts';

const OPTIONS = {
  with: text('', '', 'the other checkout, built; without it this checkout is compared with itself'),
  lines: number(2_000_000, 20_000, 'lines of the log'),
};
type CompareRun = Run<typeof OPTIONS>;

await runSuite({
  script: 'bench:compare',
  about:
    'Another build of the exporter beside this one: both run at the same time on the same log, so that whatever else ' +
    'the machine does slows both. Of two equal builds every ratio is near 1.',
  options: OPTIONS,
  rounds: 5,
  benchmarks: { once, serve },
});

/** What one build took. */
interface Cost {
  seconds: number;
  processor: number;
  memory: number;
}

async function once(run: CompareRun): Promise<void> {
  await compare(run, '`once`', async (command, log) => {
    const measured = await measuredCommand(process.execPath, [command, 'once', log]);
    const { seconds, processorSeconds: processor, peakMemoryMiB: memory } = measured;
    return { seconds, processor, memory };
  });
}

/** Until everything is read and committed, from an empty store. */
async function serve(run: CompareRun): Promise<void> {
  await compare(run, '`serve` catching up', async (command, log, side) => {
    const directory = join(run.work, side);
    const args = ['--log.path', log, '--store.path', join(directory, 'usage.db')];
    const { exporter, seconds } = await catchUp(args, run.options.lines, { command });
    const cost = {
      ...{ seconds, processor: processorSeconds(exporter.pid) },
      memory: peakMemoryMiB(exporter.pid),
    };
    await exporter.end('SIGTERM');
    rmSync(directory, { recursive: true });
    return cost;
  });
}

async function compare(
  run: CompareRun,
  name: string,
  measure: (command: string, log: string, side: string) => Promise<Cost>,
): Promise<void> {
  const log = benchLog(run.inputs, {
    lines: run.options.lines,
    keys: 200,
    endpointsPerKey: 10,
    ipsPerKey: 20,
  });
  const other = otherCommand(run);
  const costs = await together(run.rounds, {
    own: () => measure(COMMAND, log, 'own'),
    other: () => measure(other, log, 'other'),
  });
  run.keep(name, costs);
  const row = (what: string, of: keyof Cost, format: (value: number) => string, unit: string) => {
    const [own, before] = [costs.own.map((cost) => cost[of]), costs.other.map((cost) => cost[of])];
    return [
      what,
      spread(own, format, unit),
      spread(before, format, unit),
      spread(ratios(own, before), hundredths),
    ];
  };
  run.table({
    columns: [name, 'this build', 'the other', 'this : the other'],
    rows: [
      row('time', 'seconds', hundredths, 's'),
      row('processor time', 'processor', hundredths, 's'),
      row('peak memory', 'memory', whole, 'MiB'),
    ],
  });
}

function otherCommand({ options }: CompareRun): string {
  if (options.with === '') return COMMAND;
  // npm runs scripts in the directory of package.json.
  const checkout = resolve(process.env.INIT_CWD ?? '.', options.with);
  const command = join(checkout, 'exporter/bin/atender-exporter.js');
  const built = join(checkout, 'exporter/dist/main.js');
  if (!existsSync(command) || !existsSync(built))
    throw new Error(`--with ${options.with}: no built exporter there; run \`npm ci && npm run build\` in it`);
  return command;
}
