import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onPath } from '../../../scripts/servers.mjs';
import { endLeftovers } from '../../test/exporter-process.ts';
import { helpText, number, parseOptions, type SuiteOptions, text, type Values } from './options.ts';
import { type Table, tableText } from './table.ts';

/** Benchmarks that one npm script runs. */
export interface Suite<Options extends SuiteOptions> {
  /** The npm script, such as `bench:archive`. */
  script: string;
  about: string;
  options: Options;
  /** Usual number of rounds; 3 unless given. */
  rounds?: number;
  /** Programs on PATH that each benchmark needs, by its name; `all` = by every one. */
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
  /** Adds a line to the table of figures. `target` = what the project promises, where it does. */
  figure(name: string, measured: string, target?: string): void;
  /** Adds a table of its own, with a text below it. */
  table(table: Table): void;
  /** Keeps single measurements in the result file. */
  keep(name: string, measured: unknown): void;
}

/** What `npm run docs` reads: bench-results/<suite>.json. */
export interface SuiteResult {
  command: string;
  /** The tables as Markdown, without the command. */
  markdown: string;
}

/** Runs the benchmarks that the command line asks for, prints their tables and writes the result file. */
export async function runSuite<Options extends SuiteOptions>(suite: Suite<Options>): Promise<void> {
  const args = process.argv.slice(2);
  const name = suite.script.replace(/^bench:/, '');
  const usual = Object.keys(suite.benchmarks).filter((one) => !suite.onDemand?.includes(one));
  const common = {
    rounds: number(suite.rounds ?? 3, 1, 'how often each measurement is repeated'),
    only: text(usual.join(','), usual.join(','), 'benchmarks to run, with commas between'),
    inputs: text(
      join(tmpdir(), 'atender-bench'),
      join(tmpdir(), 'atender-bench'),
      'where generated inputs are kept',
    ),
    out: text(`bench-results/${name}.json`, '', 'result file, which `npm run docs` reads; empty = none'),
  };
  const { values, quick, help } = parseOptions({ ...common, ...suite.options }, args);
  if (help)
    return console.log(
      helpText(
        `npm run ${suite.script}`,
        suite.about,
        { ...common, ...suite.options },
        Object.keys(suite.benchmarks),
      ),
    );
  const { rounds, only, inputs, out } = values as unknown as Values<typeof common>;
  const chosen = only.split(',');
  const unknown = chosen.filter((one) => !Object.hasOwn(suite.benchmarks, one));
  if (unknown.length > 0)
    throw new Error(`--only ${unknown}: the benchmarks are ${Object.keys(suite.benchmarks).join(', ')}`);
  requirePrograms(suite, chosen);

  const work = mkdtempSync(join(tmpdir(), 'atender-bench-run-'));
  mkdirSync(inputs, { recursive: true });
  const figures: string[][] = [];
  const tables: Table[] = [];
  const kept: Record<string, unknown> = {};
  const run: Run<Options> = {
    ...{ options: values as unknown as Values<Options>, rounds, work, inputs },
    figure: (figure, measured, target = '') => figures.push([figure, measured, target]),
    table: (table) => tables.push(table),
    keep: (key, measured) => {
      kept[key] = measured;
    },
  };
  try {
    for (const one of chosen) {
      console.error(`bench: ${one} …`);
      await suite.benchmarks[one]?.(run);
    }
  } finally {
    endLeftovers();
    rmSync(work, { recursive: true, force: true });
  }

  const all = [...(figures.length > 0 ? [figuresTable(figures)] : []), ...tables];
  const markdown = all.map(tableText).join('\n\n');
  const command = `npm run ${[suite.script, ...(args.length > 0 ? ['--', ...args] : [])].join(' ')}`;
  const machine = {
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    node: process.version,
    commit: commit(),
  };
  console.log(
    `\n${command}\n${machine.cpu}, ${machine.cores} cores, Node.js ${machine.node}, commit ${machine.commit}\n\n${markdown}`,
  );
  if (quick) console.log('\nThese figures mean nothing: --quick measures too little.');
  if (out === '') return;
  mkdirSync(dirname(out), { recursive: true });
  const result = { command, markdown, date: new Date().toISOString(), ...machine, options: values, kept };
  writeFileSync(out, `${JSON.stringify(result, undefined, 2)}\n`);
  console.error(`bench: written to ${out}`);
}

/** Without targets where no figure has one. */
function figuresTable(figures: string[][]): Table {
  const columns = ['figure', 'measured', 'target'];
  const shown = figures.some(([, , target]) => target !== '') ? 3 : 2;
  return { columns: columns.slice(0, shown), rows: figures.map((row) => row.slice(0, shown)) };
}

function requirePrograms({ programs = {} }: { programs?: Record<string, string[]> }, chosen: string[]): void {
  const needed = ['all', ...chosen].flatMap((one) => programs[one] ?? []);
  const missing = [...new Set(needed)].filter((program) => !onPath(program));
  if (missing.length > 0)
    throw new Error(
      `not on PATH: ${missing.join(', ')}; on Debian, as root: apt-get install --no-install-recommends ${missing.join(' ')}`,
    );
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
