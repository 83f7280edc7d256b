import { parseArgs } from 'node:util';

/** An option of a suite: its usual value, and the value with --quick. */
export interface SuiteOption {
  usual: number | string;
  quick: number | string;
  help: string;
}

export const number = (usual: number, quick: number, help: string) => ({ usual, quick, help });
export const text = (usual: string, quick: string, help: string) => ({ usual, quick, help });

export type SuiteOptions = Record<string, SuiteOption>;
export type Values<Options extends SuiteOptions> = {
  [Name in keyof Options]: Options[Name]['usual'] extends number ? number : string;
};

const QUICK = 'the smallest sizes: shows that the benchmarks run, its figures mean nothing';

/** Values of the options in `args`. `quick` tells whether --quick was given. Throws a message for people. */
export function parseOptions<Options extends SuiteOptions>(
  options: Options,
  args: string[],
): { quick: boolean; help: boolean; values: Values<Options> } {
  const strings = Object.fromEntries(Object.keys(options).map((name) => [name, { type: 'string' as const }]));
  const { values: given } = parseArgs({
    args,
    options: { ...strings, quick: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  const { quick = false, help = false, ...texts } = given as Record<string, string | boolean | undefined>;
  const values = Object.entries(options).map(([name, option]) => {
    const value = texts[name] ?? (quick ? option.quick : option.usual);
    if (typeof option.usual === 'string') return [name, value];
    if (!/^\d+(\.\d+)?$/.test(String(value))) throw new Error(`--${name} ${value}: write a number`);
    return [name, Number(value)];
  });
  return { quick: quick === true, help: help === true, values: Object.fromEntries(values) };
}

export function helpText(command: string, about: string, options: SuiteOptions, parts: string[]): string {
  const lines = Object.entries(options).map(
    ([name, { usual, quick, help }]) =>
      `  --${name.padEnd(12)} ${help} [${usual}${quick === usual ? '' : `, with --quick ${quick}`}]`,
  );
  return [
    `${command} -- [options]`,
    `\n${about}\n`,
    ...lines,
    `  --${'quick'.padEnd(12)} ${QUICK}`,
    `\nBenchmarks for --only: ${parts.join(', ')}`,
  ].join('\n');
}
