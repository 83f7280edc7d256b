import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onPath } from '../../../scripts/servers.mjs';
import { endLeftovers } from '../../test/exporter-process.ts';
import { helpText, number, parseOptions, type SuiteOptions, text, type Values } from './options.ts';
import { Report } from './report.ts';
import type { Table } from './table.ts';

/** Benchmarks that one npm script runs. */
export interface Suite<Options extends SuiteOptions> {
  /** The npm script, such as `bench:archive`. */
  script: string;
  about: string;
  options: Options;
  /** Usual number of rounds; 3 unless given. */
  rounds?: number;
  /** Programs on PATH that a benchmark needs, by its name; `all` = that every one needs. */
  programs?: Record<string, string[]>;
  benchmarks: Record<string, (run: Run<Options>) => Promise<void>>;
  /** Benchmarks that run only when --only names them. */
  onDemand?: string[];
}

/** One run of a suite: what a benchmark gets, and where it leaves its figures. */
export interface Run<Options extends SuiteOptions = SuiteOptions> {
  options: Values<Options>;
  rounds: number;
  /** A directory that is removed at the end. */
  work: string;
  /** A directory for generated inputs, kept for further runs. */
  inputs: string;
  /** Adds a line to the table of figures. `target` = what the project aims at, if anything. */
  figure(name: string, measured: string, target?: string): void;
  /** Adds a table of its own below. */
  table(table: Table): void;
  /** Keeps single measurements in the result file. */
  keep(name: string, measured: unknown): void;
}

const INPUTS = join(tmpdir(), 'atender-bench');

/** Runs the benchmarks that the command line asks for, prints their tables and writes the result file. */
export async function runSuite<Options extends SuiteOptions>(suite: Suite<Options>): Promise<void> {
  const names = Object.keys(suite.benchmarks);
  const usual = names.filter((name) => !suite.onDemand?.includes(name)).join(',');
  const common = {
    rounds: number(suite.rounds ?? 3, 1, 'how often each measurement is repeated'),
    only: text(usual, usual, 'benchmarks to run, separated by commas'),
    inputs: text(INPUTS, INPUTS, 'directory where generated inputs are kept'),
    out: text(
      '',
      '',
      `result file; a complete run writes ${Report.usualFile(suite.script)}, for \`npm run docs\``,
    ),
  };
  const options = { ...common, ...suite.options };
  const args = process.argv.slice(2);
  const { values, quick, help } = orExit(() => parseOptions(options, args));
  if (help) return console.log(helpText(`npm run ${suite.script}`, suite.about, options, names));
  const { rounds, only, inputs, out } = values as unknown as Values<typeof common>;
  const chosen = only.split(',');
  orExit(() => check(suite, chosen));

  const work = mkdtempSync(join(tmpdir(), 'atender-bench-run-'));
  mkdirSync(inputs, { recursive: true });
  const report = new Report(suite.script, args);
  const run: Run<Options> = {
    ...{ options: values as unknown as Values<Options>, rounds, work, inputs },
    figure: (name, measured, target = '') => report.figures.push([name, measured, target]),
    table: (table) => report.tables.push(table),
    keep: (name, measured) => report.kept.set(name, measured),
  };
  try {
    for (const name of chosen) {
      console.error(`bench: ${name} …`);
      await suite.benchmarks[name]?.(run);
    }
  } finally {
    endLeftovers();
    rmSync(work, { recursive: true, force: true });
  }
  report.print();
  if (quick) console.log('\nThese figures mean nothing: --quick measures too little.');
  const complete = !quick && only === usual;
  if (out !== '' || complete) report.write(out || Report.usualFile(suite.script));
}

/** Throws when a benchmark does not exist or lacks a program. */
function check<Options extends SuiteOptions>(
  { benchmarks, programs }: Suite<Options>,
  chosen: string[],
): void {
  const names = Object.keys(benchmarks);
  const unknown = chosen.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`--only ${unknown}: the benchmarks are ${names.join(', ')}`);
  const needed = ['all', ...chosen].flatMap((name) => programs?.[name] ?? []);
  const missing = [...new Set(needed)].filter((program) => !onPath(program));
  if (missing.length > 0) {
    const packages = missing.map((program) => (program === 'promtool' ? 'prometheus' : program));
    const remedy = `apt-get install --no-install-recommends ${[...new Set(packages)].join(' ')}`;
    throw new Error(`not on PATH: ${missing.join(', ')}. On Debian, as root: ${remedy}`);
  }
}

function orExit<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    console.error(`bench: ${(error as Error).message}`);
    return process.exit(1);
  }
}
