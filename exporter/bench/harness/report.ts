import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Table, tableText } from './table.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What a result file holds. */
export interface SuiteResult {
  command: string;
  /** The tables, without the command. */
  markdown: string;
  date: string;
  cpu: string | undefined;
  cores: number;
  node: string;
  commit: string;
  /** Single measurements, by benchmark. */
  kept: Record<string, unknown>;
}

/** The figures of one run, with the command that measured them and the machine. */
export class Report {
  readonly figures: [name: string, measured: string, target: string][] = [];
  readonly tables: Table[] = [];
  readonly kept = new Map<string, unknown>();
  private readonly command: string;

  constructor(script: string, args: string[]) {
    this.command = `npm run ${[script, ...(args.length > 0 ? ['--', ...args] : [])].join(' ')}`;
  }

  /** Where a complete run leaves its result, relative to the checkout. */
  static usualFile(script: string): string {
    return `bench-results/${script.replace(/^bench:/, '')}.json`;
  }

  print(): void {
    const { command, markdown, cpu, cores, node, commit } = this.result();
    console.log(`\n${command}\n${cpu}, ${cores} cores, Node.js ${node}, commit ${commit}\n\n${markdown}`);
  }

  /** A relative path starts at the checkout. */
  write(path: string): void {
    const file = resolve(ROOT, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(this.result(), undefined, 2)}\n`);
    console.error(`bench: written to ${file}`);
  }

  private result(): SuiteResult {
    const tables = [...(this.figures.length > 0 ? [this.figuresTable()] : []), ...this.tables];
    return {
      command: this.command,
      markdown: tables.map(tableText).join('\n\n'),
      date: new Date().toISOString(),
      cpu: cpus()[0]?.model,
      cores: availableParallelism(),
      node: process.version,
      commit: commit(),
      kept: Object.fromEntries(this.kept),
    };
  }

  /** Without the column of targets when no figure has one. */
  private figuresTable(): Table {
    const columns = ['figure', 'measured', 'target'];
    const shown = this.figures.some(([, , target]) => target !== '') ? 3 : 2;
    return { columns: columns.slice(0, shown), rows: this.figures.map((row) => row.slice(0, shown)) };
  }
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { cwd: ROOT, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
